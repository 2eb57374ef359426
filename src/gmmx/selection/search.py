"""Search for the number of components and the covariance structure by AIC or BIC.

A cell is a pair of a number of components and a covariance structure. The fit of a cell has many
starts: all of them make a few iterations, the ones of largest log-likelihood continue, and the
best one runs until it converges. In each round spurious maxima rank behind all others, so that
they do not displace other maxima.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np
from numpy.typing import ArrayLike

from gmmx._core.interface.threads import resolve_n_threads
from gmmx.checks.constructor import check_parameters
from gmmx.checks.feature_names import feature_names as names_of_columns
from gmmx.checks.parameters import check_name_for_features
from gmmx.checks.samples import check_samples
from gmmx.checks.weights import check_weighted
from gmmx.model.covariance import STRUCTURES, STRUCTURES_BY_NAME
from gmmx.selection.cells import Cell
from gmmx.selection.feature_scale import names_of, reg_covar_of
from gmmx.selection.partitions import clusterings_of, partitions_of
from gmmx.selection.race import Stage, fit_cell
from gmmx.selection.spurious import DistinctValues, n_distinct_rows

# With fewer values the kernels run so briefly that several threads would mostly wait for the
# interpreter's lock.
SMALL_SIZE = 50_000


def search(
    X: ArrayLike,
    n_components: Sequence[int] = range(1, 10),
    covariance_types: Sequence[str] = tuple(STRUCTURES),
    *,
    sample_weight: ArrayLike | None = None,
    random_state: int = 0,
    n_threads: int | None = None,
    feature_names: Sequence[str] | None = None,
    on_start: Callable[[int, str], object] = lambda n_components, covariance_type: None,
    on_cell: Callable[[Cell], object] = lambda cell: None,
) -> list[Cell]:
    """Fit a mixture for every number of components and every covariance structure.

    Fits run in parallel on one copy of `X`; the result does not depend on the number of threads.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples.
    n_components : sequence of int, default=range(1, 10)
        Numbers of components.
    covariance_types : sequence of str
        Covariance structures; by default all.
    sample_weight : array-like of shape (n_samples,), number or None, default=None
        Weights of the samples. A sample of weight 2 counts as two equal samples; a sample of
        weight 0 is left out.
    random_state : int, default=0
        Seed of the starts.
    n_threads : int, optional
        Number of threads, by default one for each core.
    feature_names : sequence of str, optional
        Names of the features in messages.
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
        If an argument is invalid, or a feature has the same value in all samples.

    Examples
    --------
    >>> from gmmx.selection.cells import best_cell
    >>> X = np.random.default_rng(0).standard_normal((200, 2))
    >>> X[:100] += 5
    >>> best = best_cell(search(X, [1, 2, 3], ["full", "tied-spherical"]))
    >>> best.n_components, best.covariance_type
    (2, 'tied-spherical')
    """
    tasks = [(k, name) for k in n_components for name in covariance_types]
    for k, name in tasks:
        given = {"n_components": k, "covariance_type": name, "n_threads": n_threads}
        check_parameters(given, "search", {"covariance_type": STRUCTURES_BY_NAME})
    column_names = names_of_columns(X)
    checked = check_samples(X, "search", min_samples=2)
    kept, weight = check_weighted(checked, sample_weight, 2)
    samples = np.asarray(kept, dtype=np.float64)
    for name in covariance_types:
        check_name_for_features(name, samples.shape[1])
    names = names_of(samples, feature_names)
    reg_covar = reg_covar_of(samples, names, weight)
    n_threads = resolve_n_threads(n_threads)
    n_workers = max(1, min(n_threads, len(tasks))) if samples.size >= SMALL_SIZE else 1
    stop = threading.Event()
    distinct = DistinctValues.of(samples, names)
    whole = Stage(
        samples, weight, reg_covar, distinct, column_names, n_threads // n_workers, stop
    )  # fmt: skip
    race = whole.reduced(random_state)
    n_distinct = n_distinct_rows(samples, at_most=max(n_components, default=0))
    clusterings = clusterings_of(race.X, race.weight)
    cells = {}
    with ThreadPoolExecutor(n_workers) as pool:
        try:
            partitions = pool.map(
                lambda k: partitions_of(clusterings, k, random_state), n_components
            )
            starts = dict(zip(n_components, partitions, strict=True))

            def fit(n_components: int, covariance_type: str) -> Cell:
                on_start(n_components, covariance_type)
                return fit_cell(
                    n_components, covariance_type, starts[n_components], n_distinct, race, whole
                )

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
