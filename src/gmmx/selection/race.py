"""The fit of one cell: some starts make a few iterations, and only the best one goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

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
from gmmx.samples.kernel_parameters import KernelParameters
from gmmx.selection.cells import Cell
from gmmx.selection.scores import scores_of
from gmmx.selection.spurious import (
    EXPLAINED_SHARE,
    DistinctValues,
    conditional_variances,
    spurious_reason,
)
from gmmx.starts.subset import drawn_samples

if TYPE_CHECKING:
    from gmmx.arrays import Array, Labels, NDArray
    from gmmx.model.layouts import Layout
    from gmmx.model.statistics import SufficientStatistics

N_SHORT = 20  # iterations that each start makes
N_CONTINUED = 2  # candidates that may go on, the second one if the first ends in a spurious maximum
TOLERANCE = 1e-4  # in nats of the total log-likelihood, the unit of BIC
SMALLEST_TOL = 1e-8  # in nats per sample
RACE_SAMPLES = 5000  # with more rows, short runs do not select better starts


@dataclass(frozen=True)
class _Candidate:
    """The result of EM, and why it is spurious, if it is."""

    result: EMResult
    reason: str | None = None


@dataclass(frozen=True)
class Stage:
    """One set of samples with their weights, and the settings of all fits to it."""

    X: Array
    weight: Array | None
    reg_covar: float
    tol: float | None  # in nats per sample; None derives it from the number of samples
    max_iter: int
    distinct: DistinctValues
    column_names: NDArray[np.object_] | None  # the columns of the user's data frame
    n_threads: int
    stop: threading.Event

    def reduced(self, random_state: int) -> Stage:
        """Return the stage of the short runs, with randomly drawn rows if there are many."""
        if len(self.X) <= RACE_SAMPLES:
            return self
        draw = np.random.default_rng(random_state)
        drawn, weight = drawn_samples(self.X, self.weight, RACE_SAMPLES, draw)
        X = np.asarray(drawn, dtype=np.float64)
        distinct = DistinctValues.of(X, self.distinct.feature_names, weight)
        return replace(self, X=X, weight=weight, distinct=distinct, n_threads=1)

    @property
    def total_weight(self) -> float:
        """Sum of the weights; the number of samples without weights."""
        return float(len(self.X) if self.weight is None else self.weight.sum())

    @property
    def tol_per_sample(self) -> float:
        """The change of the mean log-likelihood at which EM has converged."""
        if self.tol is not None:
            return self.tol
        # The scale of small weights does not decide how far a fit goes.
        return max(TOLERANCE / max(self.total_weight, len(self.X)), SMALLEST_TOL)

    def samples(self) -> ArraySource:
        """Return the source of samples for one fit."""
        return ArraySource(self.X, self.n_threads, self.weight)

    def run(self, parameters: MixtureParameters, max_iter: int) -> _Candidate | None:
        """Return the result of EM from given parameters, None if a component collapses."""
        em = ExpectationMaximization(self.samples(), self.reg_covar)
        try:
            result = run_em(
                parameters, em, self.tol_per_sample, max_iter, interrupt=self.check_stop
            )
        except DegenerateMixtureError:
            return None
        return _Candidate(result)

    def check_stop(self) -> None:
        """Raise CancelledError if the search was interrupted."""
        if self.stop.is_set():
            raise CancelledError

    def starts(self, partitions: Iterable[Labels], layout: Layout) -> list[SufficientStatistics]:
        """Return the statistics of the clusters of each partition; no cluster may be empty."""
        samples, statistics = replace(self, n_threads=1).samples(), []
        for labels in partitions:
            self.check_stop()
            n_components = int(labels.max()) + 1
            statistics.append(samples.statistics_of_labels(labels, n_components, layout))
        return statistics

    def judge(self, candidate: _Candidate) -> _Candidate:
        """Return the candidate with the reason why it is spurious, if it is."""
        self.check_stop()
        return replace(candidate, reason=self.spurious_reason(candidate.result.parameters))

    def spurious_reason(self, parameters: MixtureParameters) -> str | None:
        """Return why a mixture is a spurious maximum, None if it is not."""
        kernels, covariance = KernelParameters(parameters), parameters.covariance
        return spurious_reason(
            conditional_variances(covariance), partial(self._assigned, kernels),
            partial(self._explained, kernels), self.reg_covar, self.distinct,
            covariance.fewest_rows(), are_matrices=covariance.are_matrices,
        )  # fmt: skip

    def _assigned(self, kernels: KernelParameters) -> NDArray[np.bool_]:
        """Return whether a component is the most probable one of a distinct row, (n, K)."""
        labels = np.empty(self.distinct.n_rows, dtype=np.int64)
        kernels.predict(self.distinct.rows, self.n_threads, labels=labels)
        return np.asarray(labels[:, np.newaxis] == np.arange(kernels.n_components))

    def _explained(self, kernels: KernelParameters) -> NDArray[np.bool_]:
        """Return whether a component explains a share of a distinct row, (n, K)."""
        explained = np.empty((self.distinct.n_rows, kernels.n_components), dtype=bool)
        for window in ArraySource(self.distinct.rows, self.n_threads).windows():
            resp = np.empty((len(window.X), kernels.n_components))
            kernels.predict(window.X, self.n_threads, resp=resp)
            explained[window.start : window.start + len(resp)] = resp >= EXPLAINED_SHARE
        return explained

    def ranked(self, candidates: Iterable[_Candidate]) -> Iterator[_Candidate]:
        """Yield the candidates, the best first; spurious ones come after all others."""
        spurious: list[_Candidate] = []
        for candidate in sorted(candidates, key=lambda one: one.result.lower_bound, reverse=True):
            judged = self.judge(candidate)
            if judged.reason is None:
                yield judged
            else:
                spurious.append(judged)
        yield from spurious


def fit_cell(
    n_components: int,
    covariance_type: str,
    starts: Callable[[], list[SufficientStatistics]],
    race: Stage,
    whole: Stage,
) -> Cell:
    """Return one cell with its mixture, or with the reason why it has none.

    `starts` returns the statistics of clusters in the layout of the structure; its error is a
    reason as well.
    """
    started = perf_counter()
    n_samples, n_features = whole.X.shape
    structure = STRUCTURES_BY_NAME[covariance_type]
    n_parameters = structure.n_free_parameters(n_components, n_features)
    cell = partial(
        Cell, n_components, covariance_type, n_samples, n_parameters,
        total_weight=whole.total_weight,
    )  # fmt: skip
    n_distinct = whole.distinct.n_rows
    if n_distinct < n_components:
        return cell(reason=f"there are only {n_distinct} distinct rows")
    reason: str | None = "every start collapsed"
    try:
        final = _converged(_race(_estimates(starts(), structure, race), race), whole)
    except (ArithmeticError, MemoryError, ValueError) as error:
        final, reason = None, f"the fit failed: {str(error) or type(error).__name__}"
    if final is None:
        return cell(reason=reason, fit_time=perf_counter() - started)
    model = GaussianMixture._of(final.result, np.float64, whole.column_names, whole.total_weight)
    model.set_params(tol=whole.tol_per_sample, max_iter=whole.max_iter, reg_covar=whole.reg_covar)
    predictor = KernelParameters(final.result.parameters).predictor()
    log_likelihood, log_certainty = scores_of(predictor, whole.samples())
    return cell(
        log_likelihood, model, final.reason, log_certainty=log_certainty,
        fit_time=perf_counter() - started,
    )  # fmt: skip


def _race(starts: Iterable[MixtureParameters], stage: Stage) -> Iterator[_Candidate]:
    """Return the best candidates after a short run from each start, the best first."""
    runs = [stage.run(start, N_SHORT) for start in starts]
    return islice(stage.ranked(run for run in runs if run is not None), N_CONTINUED)


def _converged(candidates: Iterable[_Candidate], stage: Stage) -> _Candidate | None:
    """Return the first candidate whose maximum is not spurious, else the first without collapse."""
    fallback = None
    for candidate in candidates:
        run = stage.run(candidate.result.parameters, stage.max_iter)
        if run is None:
            continue
        run = stage.judge(_ordered(run))
        if run.reason is None:
            return run
        fallback = fallback or run
    return fallback


def _ordered(candidate: _Candidate) -> _Candidate:
    """Return the candidate with its components in the order of their means, feature by feature.

    The numbers of components then do not depend on the order of the samples.
    """
    found = candidate.result.parameters
    ordered = found.of(np.lexsort(found.means.T[::-1]))
    return replace(
        candidate, result=candidate.result._replace(parameters=ordered, start_weights=None)
    )


def _estimates(
    starts: Iterable[SufficientStatistics], structure: type[CovarianceStructure], stage: Stage
) -> Iterator[MixtureParameters]:
    """Yield the parameters of the clusters of each start, except if a covariance is singular."""
    for statistics in starts:
        stage.check_stop()
        with suppress(DegenerateCovarianceError):
            yield maximize(statistics, stage.reg_covar, structure)
