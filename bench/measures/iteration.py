"""Seconds of an EM iteration of every library on every case, and checks of the results."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.cases.synthetic import Case, save
from bench.hosts.host import Host
from bench.hosts.processes import RequestError
from bench.measures.iteration_seconds import FEWER, MORE
from bench.plan import PAIR, Plan, Round
from bench.rivals import SKLEARN

# Largest relative difference of mean log-likelihoods for a result that counts.
TOLERANCE = {"float64": 1e-6, "float32": 1e-3}
LIMIT = 30.0  # seconds; a rival is left out if its first fit takes longer


@dataclass
class Measurement:
    """The measurements of one library on one case.

    Attributes
    ----------
    seconds : list of float
        Seconds per iteration, a value for each repeat.
    ratios : list of float
        scikit-learn's seconds in the same repeat, divided by `seconds`.
    difference : float or None
        Relative difference of the mean log-likelihood from scikit-learn's.
    failure : str
        Reason if there is no result.
    """

    data: str
    dtype: str
    covariance_type: str
    case: Case
    library: str
    seconds: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    difference: float | None = None
    failure: str = ""

    @property
    def agrees(self) -> bool:
        """Whether the result counts."""
        return self.difference is not None and self.difference <= TOLERANCE[self.dtype]

    @property
    def median(self) -> float:
        """Median of the seconds."""
        return statistics.median(self.seconds)

    @property
    def ratio(self) -> float:
        """Median of the ratios."""
        return statistics.median(self.ratios)

    def over(self, other: Measurement) -> float:
        """Return the median over repeats of the seconds divided by another library's."""
        pairs = zip(self.seconds, other.seconds, strict=False)
        return statistics.median(theirs / others for theirs, others in pairs)


def measure_iterations(
    hosts: Sequence[Host], cases: Sequence[Case], plan: Plan, directory: Path
) -> Iterator[list[Measurement]]:
    """Measure all rounds of a plan and yield each row; the first of `hosts` is scikit-learn's."""
    for round_ in plan.rounds:
        for case in (case.shrunk(plan.shrink) for case in cases):
            if case.n_features > round_.up_to:
                continue
            path = save(case, round_.data, directory)
            for covariance_type in round_.covariance_types:
                yield _Row(hosts, case, round_, covariance_type, path).measure(plan)
            Path(path).unlink()


class _Row:
    """The measurements of all libraries on one case."""

    def __init__(
        self, hosts: Sequence[Host], case: Case, round_: Round, covariance_type: str, path: str
    ) -> None:
        self.arguments = {"path": path, "dtype": round_.dtype, "covariance_type": covariance_type}
        self.pairs = [
            (
                host,
                Measurement(round_.data, round_.dtype, covariance_type, case, host.library.key),
            )
            for host in hosts
            if round_.includes(host.library.key, case)
            and host.supports(covariance_type, round_.dtype)
        ]
        self.turns = round_.turns
        self.reference = self.pairs[0][1]
        self.likelihood = 0.0  # scikit-learn's

    def measure(self, plan: Plan) -> list[Measurement]:
        """Measure the libraries in turn, with the repeats of the plan."""
        for repeat in range(plan.repeats):
            for host, measurement in self.pairs:
                has_reference = measurement is self.reference or self.reference.seconds[repeat:]
                is_next = len(measurement.seconds) == repeat
                if has_reference and is_next and self._has_time(measurement, plan):
                    self._measure_once(host, measurement)
        measurements = [measurement for _, measurement in self.pairs]
        for measurement in measurements:
            if not measurement.seconds and not measurement.failure:
                measurement.failure = f"{SKLEARN.name}, to compare it to, failed"
        print(_progress(measurements), file=sys.stderr)
        return measurements

    def _has_time(self, measurement: Measurement, plan: Plan) -> bool:
        """Return whether to measure a library again."""
        is_rival = measurement.library not in PAIR
        turns, patience = (1, plan.rivals_patience) if is_rival else (self.turns, plan.patience)
        spent = sum(measurement.seconds) * (FEWER + MORE)
        return len(measurement.seconds) < turns or spent < patience

    def _measure_once(self, host: Host, measurement: Measurement) -> None:
        """Measure a library and compare it with scikit-learn's last measurement."""
        is_first = not measurement.seconds
        try:
            result = host.process.call(
                "bench.measures.iteration_seconds.measure",
                module=host.library.module,
                is_first=is_first,
                **({} if measurement.library in PAIR else {"limit": LIMIT}),
                **self.arguments,
            )
        except RequestError as error:
            measurement.failure = str(error)
            return
        measurement.seconds.append(result["seconds"])
        measurement.ratios.append(self.reference.seconds[-1] / result["seconds"])
        if is_first:
            self.likelihood = self.likelihood or result["log_likelihood"]
            measurement.difference = abs(result["log_likelihood"] / self.likelihood - 1)


def _progress(measurements: list[Measurement]) -> str:
    """Return a line with the case and the time of each library."""
    first = measurements[0]
    figures = ", ".join(
        f"{found.library} {1e3 * found.median:.3g} ms" if found.seconds
        else f"{found.library}: {found.failure}"
        for found in measurements
    )  # fmt: skip
    return f"{first.case} {first.data} {first.dtype} {first.covariance_type}: {figures}"
