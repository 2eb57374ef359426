"""Starting parameters of EM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gmmx.exceptions import warn_convergence
from gmmx.model.collapse import DegenerateMixtureError, singular_error
from gmmx.model.covariance import CovarianceStructure, DegenerateCovarianceError
from gmmx.model.layouts import LAYOUTS
from gmmx.model.parameters import MixtureParameters, maximize
from gmmx.model.statistics import SufficientStatistics, check_range
from gmmx.samples.array_source import ArraySource
from gmmx.starts.kmeans import KMeans

if TYPE_CHECKING:
    from gmmx.arrays import Array, FloatArray, NDArray


BLOCK_VALUES = 1 << 18  # of responsibilities drawn at a time
INIT_PARAMS = ("kmeans", "k-means++", "random", "random_from_data")


@dataclass(frozen=True, eq=False)
class Initializer:
    """Starting parameters for one set of samples.

    Attributes
    ----------
    samples : ArraySource
        Samples to find them from.
    structure : type of CovarianceStructure
        Covariance structure of the mixture.
    n_components : int
        Number of components.
    init_params : str
        One of `INIT_PARAMS`.
    weights, means, precisions : ndarray or None
        The user's values, which replace those found; with all three nothing is searched.
    reg_covar : float
        Added to every variance.
    pool_singular : bool, default=False
        Whether components with a singular covariance begin with the pooled one; else that is an
        error.
    """

    samples: ArraySource
    structure: type[CovarianceStructure]
    n_components: int
    init_params: str
    weights: NDArray[np.floating] | None
    means: NDArray[np.floating] | None
    precisions: NDArray[np.floating] | None
    reg_covar: float
    pool_singular: bool = False

    def start(self, random_state: np.random.RandomState) -> MixtureParameters:
        """Starting parameters, drawn with `random_state` where chance decides."""
        given = self._given_covariance()
        if self.weights is not None and self.means is not None and given is not None:
            return MixtureParameters(_as_float64(self.weights), _as_float64(self.means), given)
        found = self._search(random_state)
        return MixtureParameters(
            found.weights if self.weights is None else _as_float64(self.weights),
            found.means if self.means is None else _as_float64(self.means),
            found.covariance if given is None else given,
        )

    def _given_covariance(self) -> CovarianceStructure | None:
        """Covariances of the user's precisions."""
        if self.precisions is None:
            return None
        return self.structure.from_precisions(
            _as_float64(self.precisions), self.n_components, self.samples.n_features
        )

    def _search(self, random_state: np.random.RandomState) -> MixtureParameters:
        """Parameters from a first assignment of the samples."""
        statistics = self.statistics(random_state)
        try:
            return maximize(statistics, self.reg_covar, self.structure)
        except DegenerateCovarianceError as error:
            if not self.pool_singular:
                raise self._singular_error(error, statistics) from error
        return self._pooled(statistics)

    def _pooled(self, statistics: SufficientStatistics) -> MixtureParameters:
        """Parameters of maximum likelihood, with pooled covariances where there are none."""
        try:
            covariance = pooled_start(statistics, self.reg_covar, self.structure)
        except DegenerateCovarianceError as error:
            raise self._singular_error(error, statistics) from error
        weights = statistics.counts / statistics.counts.sum()
        return MixtureParameters(weights, statistics.means, covariance)

    def statistics(self, random_state: np.random.RandomState) -> SufficientStatistics:
        """Statistics of a first assignment of the samples."""
        samples = self.samples
        if self.init_params == "kmeans":
            labels, means = KMeans(samples).partition(self.n_components, random_state)
            statistics = samples.statistics_about_means(labels, means, self.structure.layout)
        elif self.init_params == "random":
            statistics = self._of_random_resp(random_state)
        elif self.init_params == "random_from_data":
            statistics = self._of_single_samples(
                random_state.choice(samples.n_samples, size=self.n_components, replace=False)
            )
        else:
            statistics = self._of_single_samples(
                KMeans(samples).seeds(self.n_components, random_state)
            )
        check_range(statistics)
        return statistics

    def _of_random_resp(self, random_state: np.random.RandomState) -> SufficientStatistics:
        """Statistics of uniformly drawn responsibilities, a block of samples at a time."""

        def draw(n_samples: int) -> FloatArray:
            resp = random_state.uniform(size=(n_samples, self.n_components))
            resp = resp.astype(self.samples.dtype, copy=False)
            resp /= resp.sum(axis=1, keepdims=True)
            return resp

        block = max(1, BLOCK_VALUES // self.n_components)
        return self.samples.statistics_of_resp(
            draw, block, self.n_components, self.structure.layout
        )

    def _of_single_samples(self, indices: NDArray[np.intp]) -> SufficientStatistics:
        """Statistics of one sample in each component."""
        origin = self.samples.rows(indices)
        layout = LAYOUTS[self.structure.layout].exact
        second = np.zeros(LAYOUTS[layout].second_shape(*origin.shape))
        return SufficientStatistics(
            layout, np.ones(len(origin)), np.zeros_like(origin), second, origin,
            log_likelihood=0.0,
        ).to_layout(self.structure.layout)  # fmt: skip

    def _singular_error(
        self, error: DegenerateCovarianceError, statistics: SufficientStatistics
    ) -> DegenerateMixtureError:
        """The error of a start whose covariance is singular."""
        samples = self.samples
        return singular_error(error, statistics.counts, samples.n_samples, samples.dtype)


def _as_float64(values: NDArray[np.floating]) -> Array:
    """The user's values in the precision that parameters are computed in."""
    return values.astype(np.float64)


def pooled_start(
    statistics: SufficientStatistics, reg_covar: float, structure: type[CovarianceStructure]
) -> CovarianceStructure:
    """Covariances of a start, the pooled one where a component has none of its own.

    Where the pooled one is singular as well, it is that of all samples together. Warns which.
    """
    covariance, pooled = structure.estimate_pooled(statistics, reg_covar)
    message = "the shared covariance is singular: it is that of all samples"
    if "component" in structure.axes:
        held = ", ".join(f"{k} (holds {statistics.counts[k]:.6g})" for k in pooled)
        message = f"components {held} have singular covariances: they begin with the pooled one"
    warn_convergence(f"At the start {message}.")
    return covariance
