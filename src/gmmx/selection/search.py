"""Search for the number of components and the covariance structure by an information criterion.

A cell is a pair of a number of components and a covariance structure. The fit of a cell has some
starts: all of them make a few iterations, and the one of largest log-likelihood runs until it
converges. Spurious maxima rank behind all others, so that they do not displace other maxima.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gmmx._core.interface.threads import resolve_n_threads
from gmmx.checks.feature_scale import names_of, reg_covar_of
from gmmx.model.covariance import ONE_FEATURE_NAMES, STRUCTURES, STRUCTURES_BY_NAME
from gmmx.model.layouts import LAYOUTS, Layout
from gmmx.selection.cells import Cell
from gmmx.selection.partitions import clusterings_of, partitions_of
from gmmx.selection.race import Stage, fit_cell
from gmmx.selection.spurious import DistinctValues

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray
    from gmmx.model.statistics import SufficientStatistics

# With fewer values the kernels run so briefly that several threads would mostly wait for the
# interpreter's lock.
SMALL_SIZE = 10_000


class Settings(Protocol):
    """The parameters of an estimator that all fits of its search share."""

    n_init: int
    init_params: str
    tol: float | None
    reg_covar: float | None
    max_iter: int
    n_threads: int | None


@dataclass(frozen=True, eq=False)
class Observed:
    """The samples of a search, checked, and the names of their features.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
        Samples in float64.
    weight : ndarray of shape (n_samples,) or None
        Positive weights.
    feature_names : sequence of str or None
        Names of the features in messages.
    column_names : ndarray of shape (n_features,) or None
        Names of the columns of a data frame, for the fitted mixtures.
    """

    X: Array
    weight: Array | None = None
    feature_names: Sequence[str] | None = None
    column_names: NDArray[np.object_] | None = None

    def stage(self, settings: Settings, n_threads: int, stop: threading.Event) -> Stage:
        """Return the samples and the settings of all fits to them."""
        names, reg_covar = names_of(self.X, self.feature_names), settings.reg_covar
        if reg_covar is None:
            reg_covar = reg_covar_of(self.X, names, self.weight)
        return Stage(
            self.X, self.weight, reg_covar, settings.tol, settings.max_iter,
            DistinctValues.of(self.X, names, self.weight), self.column_names, n_threads, stop,
        )  # fmt: skip


def structures_for(n_samples: int, n_features: int) -> list[str]:
    """Return the covariance structures that samples of this shape can tell apart.

    Structures with an orientation need more samples than features. With one feature the structures
    fall into two groups of the same mixtures, one variance or one for each component; the
    structures that mclust's names E and V stand for are returned.
    """
    if n_features == 1:
        return [name for name in STRUCTURES if name in ONE_FEATURE_NAMES.values()]
    return [
        name
        for name, structure in STRUCTURES.items()
        if n_samples > n_features or structure.n_parameters(1, n_features) <= n_features
    ]


def search(
    observed: Observed,
    n_components: Sequence[int],
    covariance_types: Sequence[str],
    settings: Settings,
    seed: int,
    *,
    on_start: Callable[[int, str], object] = lambda n_components, covariance_type: None,
    on_cell: Callable[[Cell], object] = lambda cell: None,
) -> list[Cell]:
    """Fit a mixture for every number of components and every covariance structure.

    Fits run in parallel on one copy of the samples; the result does not depend on the number of
    threads.

    Parameters
    ----------
    observed : Observed
        The samples.
    n_components : sequence of int
        Numbers of components.
    covariance_types : sequence of str
        Covariance structures.
    settings : Settings
        The parameters of all fits.
    seed : int
        Seed of the starts.
    on_start : callable, optional
        Called with number of components and covariance type before each fit, in the fit's thread.
    on_cell : callable, optional
        Called with each cell after its fit, in no particular order.

    Returns
    -------
    list of Cell
        One cell for each pair, in the order of `n_components`, then `covariance_types`.

    Raises
    ------
    ValueError
        If a feature has the same value in all samples and `reg_covar` is None.

    Examples
    --------
    >>> from gmmx import GaussianMixtureIC
    >>> from gmmx.selection.cells import best_cell
    >>> X = np.random.default_rng(0).standard_normal((200, 2))
    >>> X[:100] += 5
    >>> names = ["full", "tied-spherical"]
    >>> best = best_cell(search(Observed(X), [1, 2, 3], names, GaussianMixtureIC(), 0))
    >>> best.n_components, best.covariance_type
    (2, 'tied-spherical')
    """
    tasks = [(k, name) for k in n_components for name in covariance_types]
    n_threads = resolve_n_threads(settings.n_threads)
    is_large = observed.X.size >= SMALL_SIZE
    n_workers = max(1, min(n_threads, len(tasks))) if is_large else 1
    stop = threading.Event()
    whole = observed.stage(settings, n_threads // n_workers, stop)
    race = whole.reduced(seed)
    clusterings = clusterings_of(race.X, race.weight, settings.init_params)
    cells = {}
    with ThreadPoolExecutor(n_workers) as pool:
        try:
            partitions = {
                k: pool.submit(
                    partitions_of, clusterings, k, settings.n_init, settings.init_params, seed,
                    whole.check_stop,
                )
                for k in n_components
            }  # fmt: skip

            # Fits with the same number of components follow each other and share their starts.
            @lru_cache(maxsize=len(LAYOUTS))
            def starts(n_components: int, layout: Layout) -> list[SufficientStatistics]:
                # All partitions are in the queue before the first fit: none waits for itself.
                return race.starts(partitions[n_components].result(), layout)

            def fit(n_components: int, covariance_type: str) -> Cell:
                on_start(n_components, covariance_type)
                layout = STRUCTURES_BY_NAME[covariance_type].layout
                return fit_cell(
                    n_components, covariance_type, partial(starts, n_components, layout), race,
                    whole,
                )  # fmt: skip

            # The largest fits first, so that no long fit starts when the other workers are done.
            futures = {pool.submit(fit, *task): task for task in sorted(tasks, reverse=True)}
            for future in as_completed(futures):
                cell = cells[futures[future]] = future.result()
                on_cell(cell)
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [cells[task] for task in tasks]
