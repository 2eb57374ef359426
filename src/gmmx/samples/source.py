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
    """The samples of one fit, and the sums over them that the fit needs.

    EM, variational inference and starting values use samples through these members only, so that
    the samples may be an array, blocks of a file or partitions on a cluster.

    Attributes
    ----------
    n_samples, n_features : int
        Shape of the samples.
    dtype : dtype
        float32 or float64, the precision of the passes.
    total_weight : float
        Sum of the weights of the samples, in units of `weight_unit`; without weights `n_samples`.
    weight_unit : float
        Factor from the statistics to statistics with the user's weights, a power of 2.
    n_threads : int
        Number of threads of the compiled code in this process.
    """

    n_samples: int
    n_features: int
    dtype: np.dtype[Any]
    total_weight: float
    weight_unit: float
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
            Points that moments are taken about. By default the means, or a common center of all
            components if no digits are lost.

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
        """Return the number of the sample of lowest density, and the sample.

        Parameters
        ----------
        parameters : MixtureParameters
            Parameters of the mixture.
        excluded : sequence of ndarray of shape (n_features,)
            Samples equal to one of these are left out.

        Returns
        -------
        tuple of int and ndarray of shape (n_features,), or None
            Number, for messages, and sample; None if no sample is left. The number is that of the
            row in an array that the user has passed. Samples in blocks or partitions are counted
            without rows of weight 0.
        """

    def in_memory(self) -> ArraySource:
        """Return the samples that starting values are computed from."""
