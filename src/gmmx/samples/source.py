"""The interface of all sources of samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    from gmmx.arrays import Array, FloatArray
    from gmmx.model.layouts import Layout
    from gmmx.model.parameters import MixtureParameters
    from gmmx.model.statistics import SufficientStatistics
    from gmmx.samples.array_source import ArraySource


class SampleSource(Protocol):
    """The samples of one fit, and the sums over them that the fit reads.

    EM, variational inference and starting values know samples by these members alone, so that
    samples may be an array, a file in blocks or the partitions of a cluster.

    Attributes
    ----------
    n_samples, n_features : int
        Shape of the samples.
    dtype : dtype
        float32 or float64, the precision of the passes.
    n_threads : int
        Threads of compiled code in this process.
    """

    n_samples: int
    n_features: int
    dtype: np.dtype[Any]
    n_threads: int

    def statistics(
        self, parameters: MixtureParameters, origin: Array | None = None
    ) -> SufficientStatistics:
        """Return the sufficient statistics under the posterior: the E-step.

        Parameters
        ----------
        parameters : MixtureParameters
            Parameters of the mixture.
        origin : ndarray of shape (n_components, n_features), optional
            Points that moments are taken about exactly; by default the means, where no digits
            are lost about a common center.

        Returns
        -------
        SufficientStatistics
            In the layout of the covariance structure.
        """

    def total(self, layout: Layout) -> SufficientStatistics:
        """Return the statistics of all samples as one component, in layout dense or diagonal."""

    def worst_explained(
        self, parameters: MixtureParameters, excluded: Sequence[FloatArray]
    ) -> tuple[int, FloatArray] | None:
        """Return the sample of the lowest density and its index.

        Parameters
        ----------
        parameters : MixtureParameters
            Parameters of the mixture.
        excluded : sequence of ndarray of shape (n_features,)
            Samples that are equal to one of these do not count.

        Returns
        -------
        tuple of int and ndarray of shape (n_features,), or None
            None if no sample is left.
        """

    def in_memory(self) -> ArraySource:
        """Return the samples that starting values are found from."""
