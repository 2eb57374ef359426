"""The fit of one cell: many starts make a few iterations, and only the best ones go on."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gmmx.checks.weights import weighted_sum
from gmmx.em.loop import EMResult, run_em
from gmmx.em.maximum_likelihood import ExpectationMaximization
from gmmx.estimators.gaussian_mixture import GaussianMixture
from gmmx.model.collapse import DegenerateMixtureError
from gmmx.model.covariance import (
    STRUCTURES_BY_NAME,
    CovarianceStructure,
    DegenerateCovarianceError,
)
from gmmx.model.parameters import MixtureParameters, maximize
from gmmx.samples.array_source import ArraySource
from gmmx.selection.cells import Cell
from gmmx.selection.spurious import DistinctValues, spurious_reason

if TYPE_CHECKING:
    from gmmx.arrays import Array, Labels, NDArray


ROUNDS = ((6, 10), (20, 4), (60, 2))  # iterations of a round, and candidates kept after it
MAX_ITER = 1000
TOLERANCE = 1e-4  # in nats of the total log-likelihood, the unit of BIC
SMALLEST_TOL = 1e-8  # in nats per sample
RACE_SAMPLES = 5000  # with more rows, the rounds do not select better starts


@dataclass(frozen=True)
class _Candidate:
    """The result of EM in one round, its total log-likelihood, and why it is spurious, if it is."""

    result: EMResult
    log_likelihood: float
    reason: str | None = None


@dataclass(frozen=True)
class Stage:
    """One set of samples with their weights, and the settings of all fits to it."""

    X: Array
    weight: Array | None
    reg_covar: float
    distinct: DistinctValues
    column_names: NDArray[np.object_] | None  # the columns of the user's data frame
    n_threads: int
    stop: threading.Event

    def reduced(self, random_state: int) -> Stage:
        """Return the stage of the rounds, with randomly drawn rows if there are many."""
        if len(self.X) <= RACE_SAMPLES:
            return self
        draw, weight = np.random.default_rng(random_state), None
        if self.weight is None:
            rows = np.sort(draw.choice(len(self.X), RACE_SAMPLES, replace=False))
        else:
            rows, weight = _drawn_by_weight(self.weight, draw)
        X = self.X[rows]
        distinct = DistinctValues.of(X, self.distinct.feature_names)
        return replace(self, X=X, weight=weight, distinct=distinct, n_threads=1)

    @property
    def total_weight(self) -> float:
        """Sum of the weights; the number of samples without weights."""
        return float(len(self.X) if self.weight is None else self.weight.sum())

    def samples(self) -> ArraySource:
        """Return the source of samples for one fit."""
        return ArraySource(self.X, self.n_threads, self.weight)

    def run(self, parameters: MixtureParameters, max_iter: int) -> _Candidate | None:
        """Return the result of EM from given parameters, None if a component collapses."""
        em = ExpectationMaximization(self.samples(), self.reg_covar)
        # The scale of small weights does not decide how far a fit goes.
        tol = max(TOLERANCE / max(self.total_weight, len(self.X)), SMALLEST_TOL)
        try:
            result = run_em(parameters, em, tol, max_iter, interrupt=self._check_stop)
        except DegenerateMixtureError:
            return None
        return _Candidate(result, result.lower_bound * self.total_weight)

    def _check_stop(self) -> None:
        """End this fit if the search was interrupted."""
        if self.stop.is_set():
            raise CancelledError

    def judge(self, candidate: _Candidate) -> _Candidate:
        """Return the candidate with its exact log-likelihood and, if it is spurious, the reason."""
        found = candidate.result.parameters
        labels, log_prob = self.samples().labels_and_log_prob(found)
        covariances = found.covariance.dense()
        reason = None
        if len(covariances) > 1:
            reason = spurious_reason(
                self.X, labels, covariances, self.reg_covar, self.distinct,
                found.covariance.fewest_rows(),
            )  # fmt: skip
        log_likelihood, _ = weighted_sum(log_prob, self.weight)
        return _Candidate(candidate.result, log_likelihood, reason)

    def ranked(self, candidates: Iterable[_Candidate], n_kept: int) -> list[_Candidate]:
        """Return the best `n_kept` candidates; spurious ones rank behind all others."""
        honest: list[_Candidate] = []
        spurious: list[_Candidate] = []
        for candidate in sorted(candidates, key=lambda one: one.log_likelihood, reverse=True):
            judged = self.judge(candidate)
            (honest if judged.reason is None else spurious).append(judged)
            if len(honest) == n_kept:
                break
        return (honest + spurious)[:n_kept]


def _drawn_by_weight(weight: Array, draw: np.random.Generator) -> tuple[Labels, Array]:
    """Draw a row from each of `RACE_SAMPLES` equal parts of the sum of the weights.

    Return the rows that were drawn, each once, and how often each was drawn.
    """
    sums = np.cumsum(weight / weight.sum())
    points = (np.arange(RACE_SAMPLES) + draw.random(RACE_SAMPLES)) / RACE_SAMPLES * sums[-1]
    drawn = np.minimum(np.searchsorted(sums, points, side="right"), len(weight) - 1)
    rows, counts = np.unique(drawn, return_counts=True)
    return rows, counts.astype(np.float64)


def fit_cell(
    n_components: int,
    covariance_type: str,
    partitions: list[Labels],
    n_distinct: int,
    race: Stage,
    whole: Stage,
) -> Cell:
    """Return one cell with its mixture, or with the reason why it has none.

    `n_distinct` is the number of distinct rows, counted up to the largest number of components.
    """
    n_samples, n_features = whole.X.shape
    structure = STRUCTURES_BY_NAME[covariance_type]
    n_parameters = structure.n_free_parameters(n_components, n_features)
    cell = partial(
        Cell, n_components, covariance_type, n_samples, n_parameters,
        total_weight=whole.total_weight,
    )  # fmt: skip
    if n_distinct < n_components:
        return cell(reason=f"there are only {n_distinct} distinct rows")
    final = _converged(_race(list(_starts(partitions, structure, race)), race), whole)
    if final is None:
        return cell(reason="every start collapsed")
    model = GaussianMixture._of(final.result, np.float64, whole.column_names, float(n_samples))
    return cell(final.log_likelihood, model, final.reason)


def _race(starts: list[MixtureParameters], stage: Stage) -> list[_Candidate]:
    """Return the candidates left after all rounds, the best first."""
    candidates: list[_Candidate] = []
    for max_iter, n_kept in ROUNDS:
        runs = [stage.run(start, max_iter) for start in starts]
        candidates = stage.ranked([run for run in runs if run is not None], n_kept)
        starts = [candidate.result.parameters for candidate in candidates]
    return candidates


def _converged(candidates: Iterable[_Candidate], stage: Stage) -> _Candidate | None:
    """Return the first candidate whose maximum is not spurious, else the first without collapse."""
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
    partitions: list[Labels], structure: type[CovarianceStructure], stage: Stage
) -> Iterator[MixtureParameters]:
    """Yield the parameters of each partition, except if a covariance is singular.

    No cluster of a partition may be empty.
    """
    samples = replace(stage, n_threads=1).samples()
    for labels in partitions:
        n_components = int(labels.max()) + 1
        statistics = samples.statistics_of_labels(labels, n_components, structure.layout)
        with suppress(DegenerateCovarianceError):
            yield maximize(statistics, stage.reg_covar, structure)
