"""Starting parameters of EM."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.exceptions import warn_convergence
from gmmx.model.collapse import DegenerateMixtureError, singular_error
from gmmx.model.covariance import CovarianceStructure, DegenerateCovarianceError
from gmmx.model.layouts import LAYOUTS
from gmmx.model.parameters import MixtureParameters, maximize
from gmmx.model.statistics import SufficientStatistics, check_range
from gmmx.starts.kmeans import KMeans, warn_of_few_clusters

if TYPE_CHECKING:
    from gmmx.arrays import Array, FloatArray, NDArray
    from gmmx.samples.array_source import ArraySource
    from gmmx.samples.source import SampleSource
    from gmmx.starts.hierarchy import Hierarchy


BLOCK_VALUES = 1 << 18  # number of responsibilities drawn at a time
INIT_PARAMS = (
    "kmeans", "k-means++", "random", "random_from_data", "hierarchical", "whitened", "small-em",
)  # fmt: skip


class Initializer:
    """Find starting parameters for one set of samples.

    Parameters
    ----------
    samples : SampleSource
        Samples of the fit; read when starting values are first computed from them.
    structure : type of CovarianceStructure
        Covariance structure of the mixture.
    n_components : int
        Number of components.
    init_params : str
        One of `INIT_PARAMS`.
    weights, means, precisions : ndarray or None
        The user's values, which replace the values found. If all three are given, the samples are
        not read.
    reg_covar : float
        Added to every variance.
    pool_singular : bool, default=False
        Whether components with a singular covariance start with the pooled covariance. Otherwise
        a singular covariance is an error.
    equal_weights : bool, default=False
        Whether all components have the same weight in the short runs of 'small-em'.
    """

    def __init__(
        self,
        samples: SampleSource,
        structure: type[CovarianceStructure],
        n_components: int,
        init_params: str,
        weights: NDArray[np.floating] | None,
        means: NDArray[np.floating] | None,
        precisions: NDArray[np.floating] | None,
        reg_covar: float,
        pool_singular: bool = False,
        equal_weights: bool = False,
    ) -> None:
        self.samples = samples
        self.structure = structure
        self.n_components = n_components
        self.init_params = init_params
        self.weights = weights
        self.means = means
        self.precisions = precisions
        self.reg_covar = reg_covar
        self.pool_singular = pool_singular
        self.equal_weights = equal_weights

    @cached_property
    def start_samples(self) -> ArraySource:
        """The samples that starting values are computed from: all, or some of many."""
        return self.samples.in_memory()

    def start(self, random_state: np.random.RandomState) -> MixtureParameters:
        """Return starting parameters; `random_state` draws all random numbers."""
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
        """Return the covariances from the user's precisions, None without them."""
        if self.precisions is None:
            return None
        return self.structure.from_precisions(
            _as_float64(self.precisions), self.n_components, self.samples.n_features
        )

    def _search(self, random_state: np.random.RandomState) -> MixtureParameters:
        """Return the parameters after a first assignment of samples to components."""
        statistics = self.statistics(random_state)
        try:
            return maximize(statistics, self.reg_covar, self.structure)
        except DegenerateCovarianceError as error:
            if not self.pool_singular:
                raise self._singular_error(error, statistics) from error
        return self._pooled(statistics)

    def _pooled(self, statistics: SufficientStatistics) -> MixtureParameters:
        """Return parameters of maximum likelihood, with pooled instead of singular covariances."""
        try:
            covariance = pooled_start(statistics, self.reg_covar, self.structure)
        except DegenerateCovarianceError as error:
            raise self._singular_error(error, statistics) from error
        weights = statistics.counts / statistics.counts.sum()
        return MixtureParameters(weights, statistics.means, covariance)

    def statistics(self, random_state: np.random.RandomState) -> SufficientStatistics:
        """Return the statistics of a first assignment of samples to components."""
        if self.init_params in ("kmeans", "whitened"):
            found = self._of_k_means(random_state)
        elif self.init_params == "hierarchical":
            found = self._of_hierarchy()
        elif self.init_params == "small-em":
            found = self._of_short_runs(random_state)
        elif self.init_params == "random":
            found = self._of_random_resp(random_state)
        else:
            found = self._of_single_samples(self._drawn_samples(random_state))
        check_range(found)
        return found

    def _of_k_means(self, random_state: np.random.RandomState) -> SufficientStatistics:
        """Return the statistics of the clusters of k-means, on whitened samples if asked for."""
        samples, layout = self.start_samples, self.structure.layout
        if self.init_params == "whitened":
            from gmmx.starts.principal_axes import (  # noqa: PLC0415 - few need it
                PrincipalAxes,
                whitened_source,
            )

            whitened = whitened_source(samples, PrincipalAxes.of(samples))
            labels, _ = KMeans(whitened).partition(self.n_components, random_state)
            statistics = samples.statistics_of_labels(labels, self.n_components, layout)
        else:
            labels, means = KMeans(samples).partition(self.n_components, random_state)
            statistics = samples.statistics_about_means(labels, means, layout)
        return self._scaled(statistics, samples)

    @cached_property
    def _hierarchy(self) -> Hierarchy:
        """The tree of the samples: one for all starts."""
        from gmmx.starts.hierarchy import Hierarchy  # noqa: PLC0415 - few need it

        return Hierarchy(self.start_samples)

    def _of_hierarchy(self) -> SufficientStatistics:
        """Return the statistics of the clusters of the tree's rows."""
        samples = self._hierarchy.tree_samples
        if self.n_components > samples.n_samples:
            raise ValueError(
                f"init_params='hierarchical' clusters {samples.n_samples} rows, too few for "
                f"n_components = {self.n_components}: use init_params='kmeans'"
            )
        labels = self._hierarchy.partition(self.n_components)
        warn_of_few_clusters(int(labels.max()) + 1, self.n_components)
        return self._scaled(
            samples.statistics_of_labels(labels, self.n_components, self.structure.layout), samples
        )

    def _of_short_runs(self, random_state: np.random.RandomState) -> SufficientStatistics:
        """Return the statistics of the E-step after the best short run of EM.

        If a component collapses or loses all samples in every run, they are those of k-means.
        """
        from gmmx.starts.small_em import best_of_short_runs  # noqa: PLC0415 - few need it

        samples = self.start_samples
        best = best_of_short_runs(
            samples, self.structure, self.n_components, self.reg_covar, random_state,
            equal_weights=self.equal_weights,
        )  # fmt: skip
        if best is None:
            return self._of_k_means(random_state)
        return self._scaled(samples.statistics(best), samples)

    def _drawn_samples(self, random_state: np.random.RandomState) -> NDArray[np.integer[Any]]:
        """Return the indices of a sample for each component."""
        samples = self.start_samples
        if self.init_params == "k-means++":
            return KMeans(samples).seeds(self.n_components, random_state)
        return random_state.choice(
            samples.n_samples, size=self.n_components, replace=False, p=samples.shares()
        )

    def _scaled(
        self, statistics: SufficientStatistics, samples: ArraySource
    ) -> SufficientStatistics:
        """Return statistics of some of the samples, scaled to the weight of all samples."""
        some, total = samples.total_weight, self.samples.total_weight
        return statistics if some == total else statistics.scaled(total / some)

    def _of_random_resp(self, random_state: np.random.RandomState) -> SufficientStatistics:
        """Return the statistics of random responsibilities, drawn for a block at a time."""

        def draw(n_samples: int) -> FloatArray:
            resp = random_state.uniform(size=(n_samples, self.n_components))
            resp = resp.astype(self.start_samples.dtype, copy=False)
            resp /= resp.sum(axis=1, keepdims=True)
            return resp

        block = max(1, BLOCK_VALUES // self.n_components)
        statistics = self.start_samples.statistics_of_resp(
            draw, block, self.n_components, self.structure.layout
        )
        return self._scaled(statistics, self.start_samples)

    def _of_single_samples(self, indices: NDArray[np.integer[Any]]) -> SufficientStatistics:
        """Return the statistics of components that hold one sample each."""
        origin = self.start_samples.rows(indices)
        layout = LAYOUTS[self.structure.layout].exact
        second = np.zeros(LAYOUTS[layout].second_shape(*origin.shape))
        return SufficientStatistics(
            layout, np.ones(len(origin)), np.zeros_like(origin), second, origin,
            log_likelihood=0.0,
        ).to_layout(self.structure.layout)  # fmt: skip

    def _singular_error(
        self, error: DegenerateCovarianceError, statistics: SufficientStatistics
    ) -> DegenerateMixtureError:
        """Return the error about a singular covariance at the start."""
        samples = self.start_samples
        return singular_error(error, statistics.counts, samples.total_weight, samples.dtype)


def _as_float64(values: NDArray[np.floating]) -> Array:
    """Return the user's values in float64, the precision of the parameters."""
    return values.astype(np.float64)


def pooled_start(
    statistics: SufficientStatistics, reg_covar: float, structure: type[CovarianceStructure]
) -> CovarianceStructure:
    """Return starting covariances, with the pooled covariance in place of singular ones.

    If the pooled covariance is singular as well, the covariance of all samples takes its place.
    A warning names the components.
    """
    covariance, pooled = structure.estimate_pooled(statistics, reg_covar)
    message = "the shared covariance is singular: the covariance of all samples replaces it"
    if "component" in structure.axes:
        held = ", ".join(f"{k} (holds {statistics.counts[k]:.6g})" for k in pooled)
        message = f"components {held} have singular covariances: the pooled one replaces them"
    warn_convergence(f"At the start {message}.")
    return covariance
