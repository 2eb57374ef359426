"""Choosing the number of components and the covariance structure by AIC or BIC.

Every pair of the two is a cell. A cell's mixture is found by racing many starts: all run a few
iterations, the likeliest run on, and the last one runs until its log-likelihood stands still.
Spurious maxima drop behind all others wherever they show up, so none hides an honest one.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gmmx.covariance import STRUCTURES, CovarianceStructure, DegenerateCovarianceError
from gmmx.degenerate import DegenerateMixtureError
from gmmx.em import EMResult, ExpectationMaximization, maximize, run_em
from gmmx.feature_scale import names_of, reg_covar_of
from gmmx.initialization import statistics_of_labels
from gmmx.kmeans import KMeans
from gmmx.mixture import GaussianMixture
from gmmx.parameter_validation import check_parameters
from gmmx.parameters import MixtureParameters
from gmmx.spurious import DistinctValues, n_distinct_rows, spurious_reason
from gmmx.threads import resolve_n_threads
from gmmx.validation import check_samples
from gmmx.validation import feature_names as names_of_columns

Array = NDArray[np.float64]
Labels = NDArray[np.int64]
Criterion = Literal["aic", "bic"]

N_STARTS = 32
ROUNDS = ((6, 10), (20, 4), (60, 2))  # iterations, and how many candidates are left after them
MAX_ITER = 1000
TOLERANCE = 1e-4  # in nats of all samples together: these are what BIC is told apart by
SMALLEST_TOL = 1e-8  # in nats per sample
RACE_SAMPLES = 5000  # a race on more rows than these picks no better start
# So few values keep the kernels busy so briefly that threads only wait for the interpreter's lock.
SMALL_SIZE = 50_000


@dataclass(frozen=True)
class Cell:
    """What came out for one number of components and one covariance structure.

    Attributes
    ----------
    n_components : int
        Number of components.
    covariance_type : str
        Covariance structure.
    n_samples : int
        Number of samples.
    n_parameters : int
        Number of free parameters.
    log_likelihood : float
        Of all samples, in nats; NaN without a model.
    model : GaussianMixture or None
        The fitted mixture, None if there is none.
    reason : str or None
        Why this cell is left out of the ranking; None if it is ranked.
    n_started : int or None
        Number of components that a Bayesian fit started with; None for other fits.
    """

    n_components: int
    covariance_type: str
    n_samples: int
    n_parameters: int
    log_likelihood: float = math.nan
    model: GaussianMixture | None = None
    reason: str | None = None
    n_started: int | None = None

    @property
    def is_converged(self) -> bool:
        """Whether there is a model and its fit has converged."""
        return self.model is not None and self.model.converged_

    @property
    def aic(self) -> float:
        """Akaike information criterion; smaller is better."""
        return -2 * self.log_likelihood + 2 * self.n_parameters

    @property
    def bic(self) -> float:
        """Bayesian information criterion; smaller is better."""
        return -2 * self.log_likelihood + self.n_parameters * math.log(self.n_samples)


def best_cell(cells: Iterable[Cell], criterion: Criterion = "bic") -> Cell | None:
    """Return the cell with the smallest criterion of those ranked, None if there is none."""
    ranked = [cell for cell in cells if cell.reason is None]
    return min(ranked, key=lambda cell: float(getattr(cell, criterion)), default=None)


def larger_count(cells: Sequence[Cell], best: Cell) -> int | None:
    """Return up to how many components to search next, None if the best cell has a larger one.

    Parameters
    ----------
    cells : sequence of Cell
        What a search returned.
    best : Cell
        The best of them.

    Returns
    -------
    int or None
        About twice the number of components, no more than there are samples, if the best cell has
        the largest number of those that the search could choose from.

    Examples
    --------
    >>> cells = [Cell(k, "full", 100, 6 * k - 1, -9000.0 / k) for k in range(1, 10)]
    >>> larger_count(cells, best_cell(cells)), larger_count(cells, cells[3])
    (20, None)
    """
    fewest, most = 1, best.n_started
    if most is None:
        fewest, most = (choose(cell.n_components for cell in cells) for choose in (min, max))
    larger = min(10 * math.ceil(2 * best.n_components / 10), best.n_samples)
    is_last = fewest < most == best.n_components
    return larger if is_last and larger > best.n_components else None


def search(
    X: ArrayLike,
    n_components: Sequence[int] = range(1, 10),
    covariance_types: Sequence[str] = tuple(STRUCTURES),
    *,
    random_state: int = 0,
    n_threads: int | None = None,
    feature_names: Sequence[str] | None = None,
    on_start: Callable[[int, str], object] = lambda n_components, covariance_type: None,
    on_cell: Callable[[Cell], object] = lambda cell: None,
) -> list[Cell]:
    """Fit a mixture for every number of components and every covariance structure.

    Fits run in parallel over one copy of `X`; the result does not depend on how many.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples.
    n_components : sequence of int, default=range(1, 10)
        Numbers of components.
    covariance_types : sequence of str
        Covariance structures, by default all.
    random_state : int, default=0
        Seed of the starts.
    n_threads : int, optional
        How many threads to use, by default one for each core.
    feature_names : sequence of str, optional
        What messages call the features.
    on_start : callable, optional
        Called with number of components and covariance type as a fit starts, by its thread.
    on_cell : callable, optional
        Called with each cell as it is done, in no particular order.

    Returns
    -------
    list of Cell
        In the order of `n_components`, then `covariance_types`.

    Raises
    ------
    ValueError
        If an argument cannot be used, or a feature has the same value in all samples.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((200, 2))
    >>> X[:100] += 5
    >>> best = best_cell(search(X, [1, 2, 3], ["full", "tied-spherical"]))
    >>> best.n_components, best.covariance_type
    (2, 'tied-spherical')
    """
    tasks = [(k, name) for k in n_components for name in covariance_types]
    for k, name in tasks:
        given = {"n_components": k, "covariance_type": name, "n_threads": n_threads}
        check_parameters(given, "search", {"covariance_type": STRUCTURES})
    column_names = names_of_columns(X)
    samples = np.asarray(check_samples(X, "search", min_samples=2), dtype=np.float64)
    names = names_of(samples, feature_names)
    reg_covar = reg_covar_of(samples, names)
    n_threads = resolve_n_threads(n_threads)
    n_workers = max(1, min(n_threads, len(tasks))) if samples.size >= SMALL_SIZE else 1
    stop = threading.Event()
    distinct = DistinctValues.of(samples, names)
    whole = _Stage(samples, reg_covar, distinct, column_names, n_threads // n_workers, stop)
    race = whole.reduced(random_state)
    cells = {}
    with ThreadPoolExecutor(n_workers) as pool:
        try:
            partitions = pool.map(lambda k: _partitions(race.X, k, random_state), n_components)
            starts = dict(zip(n_components, partitions, strict=True))

            def fit(n_components: int, covariance_type: str) -> Cell:
                on_start(n_components, covariance_type)
                return _fit_cell(n_components, covariance_type, starts[n_components], race, whole)

            # The largest first: no long one is left when the other workers are finished.
            futures = {pool.submit(fit, *task): task for task in sorted(tasks, reverse=True)}
            for future in as_completed(futures):
                cell = cells[futures[future]] = future.result()
                on_cell(cell)
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [cells[task] for task in tasks]


@dataclass(frozen=True)
class _Candidate:
    """Where EM got to in the race, and the log-likelihood of all samples there."""

    result: EMResult
    log_likelihood: float
    reason: str | None = None


@dataclass(frozen=True)
class _Stage:
    """One set of samples and what all fits to it share."""

    X: Array
    reg_covar: float
    distinct: DistinctValues
    column_names: NDArray[np.object_] | None  # of the user's data frame
    n_threads: int
    stop: threading.Event

    def reduced(self, random_state: int) -> _Stage:
        """The stage of the race: rows drawn at random if there are many."""
        if len(self.X) <= RACE_SAMPLES:
            return self
        rows = np.random.default_rng(random_state).choice(len(self.X), RACE_SAMPLES, replace=False)
        X = self.X[np.sort(rows)]
        distinct = DistinctValues.of(X, self.distinct.feature_names)
        return replace(self, X=X, distinct=distinct, n_threads=1)

    def run(self, parameters: MixtureParameters, max_iter: int) -> _Candidate | None:
        """Where EM gets to from given parameters, None if a component collapses."""
        em = ExpectationMaximization(self.X, self.reg_covar, self.n_threads)
        tol = max(TOLERANCE / len(self.X), SMALLEST_TOL)
        try:
            result = run_em(
                parameters, em.e_step, em.m_step, tol, max_iter, callback=self._check_stop
            )
        except DegenerateMixtureError:
            return None
        return _Candidate(result, result.lower_bound * len(self.X))

    def _check_stop(self, n_iter: int, change: float) -> None:
        """End this fit if the search was interrupted."""
        if self.stop.is_set():
            raise CancelledError

    def judge(self, candidate: _Candidate) -> _Candidate:
        """The candidate with its exact log-likelihood and, if it is spurious, the reason."""
        labels, log_prob = np.empty(len(self.X), dtype=np.int64), np.empty(len(self.X))
        found = candidate.result.parameters
        found.pass_over(self.X, self.n_threads, labels=labels, log_prob=log_prob)
        covariances = found.covariance.dense()
        reason = None
        if len(covariances) > 1:
            reason = spurious_reason(
                self.X, labels, covariances, self.reg_covar, self.distinct,
                found.covariance.fewest_rows(),
            )  # fmt: skip
        return _Candidate(candidate.result, float(log_prob.sum()), reason)

    def ranked(self, candidates: Iterable[_Candidate], n_kept: int) -> list[_Candidate]:
        """The likeliest candidates, spurious ones only where there are not enough others."""
        honest: list[_Candidate] = []
        spurious: list[_Candidate] = []
        for candidate in sorted(candidates, key=lambda one: one.log_likelihood, reverse=True):
            judged = self.judge(candidate)
            (honest if judged.reason is None else spurious).append(judged)
            if len(honest) == n_kept:
                break
        return (honest + spurious)[:n_kept]


def _fit_cell(
    n_components: int, covariance_type: str, partitions: list[Labels], race: _Stage, whole: _Stage
) -> Cell:
    """The mixture of one cell, or why there is none."""
    n_samples, n_features = whole.X.shape
    structure = STRUCTURES[covariance_type]
    n_parameters = structure.n_free_parameters(n_components, n_features)
    cell = partial(Cell, n_components, covariance_type, n_samples, n_parameters)
    n_distinct = n_distinct_rows(whole.X, at_most=n_components)
    if n_distinct < n_components:
        return cell(reason=f"there are only {n_distinct} distinct rows")
    final = _converged(_race(list(_starts(partitions, structure, race)), race), whole)
    if final is None:
        return cell(reason="every start collapsed")
    model = GaussianMixture._of(final.result, np.float64, whole.column_names)
    return cell(final.log_likelihood, model, final.reason)


def _race(starts: list[MixtureParameters], stage: _Stage) -> list[_Candidate]:
    """The candidates left after all rounds, the best first."""
    candidates: list[_Candidate] = []
    for max_iter, n_kept in ROUNDS:
        runs = [stage.run(start, max_iter) for start in starts]
        candidates = stage.ranked([run for run in runs if run is not None], n_kept)
        starts = [candidate.result.parameters for candidate in candidates]
    return candidates


def _converged(candidates: Iterable[_Candidate], stage: _Stage) -> _Candidate | None:
    """The first candidate that converges to an honest maximum, else to any."""
    fallback = None
    for candidate in candidates:
        run = stage.run(candidate.result.parameters, MAX_ITER)
        if run is None:
            continue
        run = stage.judge(run)
        if run.reason is None:
            return run
        fallback = fallback or run
    return fallback


def _starts(
    partitions: list[Labels], structure: type[CovarianceStructure], stage: _Stage
) -> Iterator[MixtureParameters]:
    """The M-steps of partitions none of whose clusters is empty, but for degenerate ones."""
    for labels in partitions:
        n_components = int(labels.max()) + 1
        statistics = statistics_of_labels(stage.X, labels, n_components, structure.layout, 1)
        with suppress(DegenerateCovarianceError):
            yield maximize(statistics, stage.reg_covar, structure)


def _partitions(X: Array, n_components: int, random_state: int) -> list[Labels]:
    """The partitions that fits with so many components start from.

    Clusters are sought in standardized and in whitened coordinates, as k-means depends on the
    scales of the features; half of them are left as seeded, for the sake of variety.
    """
    draw = np.random.RandomState([random_state, n_components])
    coordinates = [KMeans(Z, 1) for Z in _coordinates(X)]
    partitions = []
    for start in range(N_STARTS if n_components > 1 else 1):
        kmeans = coordinates[start % 2]
        centers = kmeans.X[kmeans.seeds(n_components, draw)].astype(np.float64)
        is_refined = start % 4 < 2
        labels = kmeans.lloyd(centers)[0] if is_refined else kmeans.nearest(centers)
        if np.unique(labels).size == n_components:
            partitions.append(labels)
    return partitions


def _coordinates(X: Array) -> tuple[Array, Array]:
    """Samples standardized, and whitened in the directions that have variance of their own."""
    scale = X.std(axis=0)
    standardized = (X - X.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    variances, directions = np.linalg.eigh(standardized.T @ standardized / len(X))
    is_own = variances > 1e-10 * variances[-1]
    return standardized, standardized @ (directions[:, is_own] / np.sqrt(variances[is_own]))
