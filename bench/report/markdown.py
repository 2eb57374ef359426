"""The report in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from bench.cases.synthetic import COVARIANCE_TYPES
from bench.formatting import NOTHING, difference, table, threads
from bench.measures.iteration import TOLERANCE, Measurement
from bench.measures.iteration_seconds import MORE
from bench.report import sections
from bench.report.results import Results
from bench.report.target_tables import other_targets, ratio_targets
from bench.rivals import LIBRARIES, SKLEARN


def markdown(results: Results) -> str:
    """Return the whole report."""
    parts = (
        _head, _targets, _iterations, sections.kernels, sections.scaling, sections.precision,
        sections.weights, sections.scratch, sections.prediction, sections.resources,
        sections.acceleration, sections.bayesian, sections.service, sections.stream,
        sections.large_file, sections.dask,
    )  # fmt: skip
    return "\n\n".join(text for part in parts if (text := part(results))) + "\n"


def _head(results: Results) -> str:
    """Return the heading, the machine, and the versions of the libraries."""
    machine = results.machine
    lines = [
        f"# Speed, {threads(results.n_threads)}, {results.plan}",
        "",
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}. Every library has {threads(results.n_threads)} on as many "
        "cores. "
        f"Processes that ran before, on average in a minute: {machine['load']}.",
        "",
    ]
    for library in LIBRARIES:
        if library.key in results.versions:
            versions = ", ".join(
                f"{name} {version}" for name, version in results.versions[library.key].items()
            )
            lines.append(f"- {library.name}: {versions}")
        elif library.key in results.skipped:
            lines.append(f"- {library.name}: skipped, {results.skipped[library.key]}")
    names = {library.key for library in LIBRARIES}
    lines += [
        f"- The part {part} is missing: {reason}"
        for part, reason in results.skipped.items()
        if part not in names
    ]
    return "\n".join(lines)


def _targets(results: Results) -> str:
    """Return the section of targets and results."""
    text = (
        "## Targets\n\nRatio of scikit-learn's time to gmmx's for an iteration in float64, and in "
        "brackets the target. Bold ones miss it."
    )
    return "\n\n".join(
        part for part in (text, ratio_targets(results), other_targets([results])) if part
    )


def _iterations(results: Results) -> str:
    """Return a table for each kind of data, precision and covariance type."""
    rows = list(results.rows())
    if not rows:
        return ""
    notes: list[str] = []
    parts = [
        "## An EM iteration\n\nMilliseconds, and in brackets scikit-learn's time divided by it. "
        f"All start from the same parameters; after {MORE} iterations their mean "
        "log-likelihoods differ from scikit-learn's by at most the relative difference in the "
        f"last column. A library that differs by more than {TOLERANCE['float64']:g} "
        f"({TOLERANCE['float32']:g} in float32) is struck out and does not count. "
        f"{NOTHING}: it has no "
        "such covariances or precision, or was left out to save time."
    ]
    for data, dtype in dict.fromkeys((key[0], key[1]) for key, _ in rows):
        for covariance_type in COVARIANCE_TYPES:
            chosen = [
                (key[3], row) for key, row in rows if key[:3] == (data, dtype, covariance_type)
            ]
            if chosen:
                used = {key for _, row in chosen for key in row}
                libraries = [library for library in LIBRARIES if library.key in used]
                header = ["(n, D, K)", *(library.name for library in libraries), "agrees to"]
                lines = [
                    [
                        str(case),
                        *(_time(row.get(library.key), notes) for library in libraries),
                        _agreement(row.values()),
                    ]
                    for case, row in chosen
                ]
                parts.append(f"### {covariance_type}, {data} data, {dtype}")
                parts.append(table(header, lines))
    parts += [f"[{number}] {note}" for number, note in enumerate(notes, 1)]
    return "\n\n".join(parts)


def _time(measurement: Measurement | None, notes: list[str]) -> str:
    """Return milliseconds and ratio of a library; append a failure to the notes."""
    if measurement is None:
        return NOTHING
    if not measurement.seconds:
        if measurement.failure not in notes:
            notes.append(measurement.failure)
        return f"failed [{notes.index(measurement.failure) + 1}]"
    text = f"{1e3 * measurement.median:.3g}"
    if measurement.library != SKLEARN.key:
        text += f" ({measurement.ratio:.2g})"
    return text if measurement.agrees else f"~~{text}~~ differs by {measurement.difference:.0e}"


def _agreement(row: Iterable[Measurement]) -> str:
    """Return the largest difference of the results that count."""
    return difference(max((found.difference or 0 for found in row if found.agrees), default=0))
