"""Starting parameters of EM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gmmx._core.interface import passes
from gmmx.exceptions import warn_convergence
from gmmx.model.collapse import singular_error
from gmmx.model.covariance import CovarianceStructure, DegenerateCovarianceError
from gmmx.model.moments import means_of_labels, rounded_to, statistics_about_means, unpack_sums
from gmmx.model.parameters import MixtureParameters, maximize
from gmmx.model.statistics import SufficientStatistics, check_range, exact_layout
from gmmx.starts.kmeans import KMeans

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray, Samples


BLOCK_VALUES = 1 << 18  # of responsibilities drawn at a time
INIT_PARAMS = ("kmeans", "k-means++", "random", "random_from_data")


@dataclass(frozen=True, eq=False)
class Initializer:
    """Starting parameters for one set of samples.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
        Samples, C-contiguous.
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
    n_threads : int
        Threads of the compiled pass.
    pool_singular : bool, default=False
        Whether components with a singular covariance begin with the pooled one; else that is an
        error.
    """

    X: Samples
    structure: type[CovarianceStructure]
    n_components: int
    init_params: str
    weights: NDArray[np.floating] | None
    means: NDArray[np.floating] | None
    precisions: NDArray[np.floating] | None
    reg_covar: float
    n_threads: int
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
            _as_float64(self.precisions), self.n_components, self.X.shape[1]
        )

    def _search(self, random_state: np.random.RandomState) -> MixtureParameters:
        """Parameters from a first assignment of the samples."""
        statistics = self.statistics(random_state)
        try:
            return maximize(statistics, self.reg_covar, self.structure)
        except DegenerateCovarianceError as error:
            if not self.pool_singular:
                raise singular_error(error, statistics.counts, self.X) from error
        return self._pooled(statistics)

    def _pooled(self, statistics: SufficientStatistics) -> MixtureParameters:
        """Parameters of maximum likelihood, with pooled covariances where there are none."""
        try:
            covariance = pooled_start(statistics, self.reg_covar, self.structure)
        except DegenerateCovarianceError as error:
            raise singular_error(error, statistics.counts, self.X) from error
        weights = statistics.counts / statistics.counts.sum()
        return MixtureParameters(weights, statistics.means, covariance)

    def statistics(self, random_state: np.random.RandomState) -> SufficientStatistics:
        """Statistics of a first assignment of the samples."""
        if self.init_params == "kmeans":
            labels, means = KMeans(self.X, self.n_threads).partition(
                self.n_components, random_state
            )
            statistics = statistics_about_means(
                self.X, labels, means, self.structure.layout, self.n_threads
            )
        elif self.init_params == "random":
            statistics = self._of_random_resp(random_state)
        elif self.init_params == "random_from_data":
            statistics = self._of_single_samples(
                random_state.choice(len(self.X), size=self.n_components, replace=False)
            )
        else:
            statistics = self._of_single_samples(
                KMeans(self.X, self.n_threads).seeds(self.n_components, random_state)
            )
        check_range(statistics)
        return statistics

    def _of_random_resp(self, random_state: np.random.RandomState) -> SufficientStatistics:
        """Statistics of uniformly drawn responsibilities, a block of samples at a time."""
        layout = exact_layout(self.structure.layout)
        one_cluster = np.zeros(len(self.X), dtype=np.int64)
        mean = means_of_labels(self.X, one_cluster, 1, self.n_threads)
        origin = rounded_to(self.X, np.repeat(mean, self.n_components, axis=0))
        block = max(1, BLOCK_VALUES // self.n_components)
        sums: Array | None = None
        for start in range(0, len(self.X), block):
            samples = self.X[start : start + block]
            resp = random_state.uniform(size=(len(samples), self.n_components))
            resp = resp.astype(self.X.dtype, copy=False)
            resp /= resp.sum(axis=1, keepdims=True)
            block_sums = passes.moments_of(samples, origin, layout, self.n_threads, resp=resp)
            sums = block_sums if sums is None else sums + block_sums
        return unpack_sums(sums, layout, origin).to_layout(self.structure.layout)

    def _of_single_samples(self, indices: NDArray[np.intp]) -> SufficientStatistics:
        """Statistics of one sample in each component."""
        origin = self.X[indices].astype(np.float64)
        shape = {"dense": (*origin.shape, origin.shape[1]), "diagonal": origin.shape}
        layout = exact_layout(self.structure.layout)
        return SufficientStatistics(
            layout, np.ones(len(origin)), np.zeros_like(origin), np.zeros(shape[layout]), origin,
            log_likelihood=0.0,
        ).to_layout(self.structure.layout)  # fmt: skip


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
