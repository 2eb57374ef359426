"""The summary of results in the README of the bench."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.formatting import threads
from bench.report.results import Results
from bench.report.sections import resources
from bench.report.target_tables import leads, other_targets, ratio_targets
from bench.rivals import SKLEARN

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
KEY = (
    "(20000, 128, 16) stands for (n_samples, n_features, n_components). A figure in **bold** "
    "misses its target; - stands for a figure that was not measured, or whose measurement failed."
)


def update_readme(paths: Sequence[Path]) -> str:
    """Write the summary of saved results between the marks in `README`; return the text."""
    text = summary([Results.load(path) for path in paths])
    before, begin, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{README} must contain the lines {BEGIN} and {END}")
    README.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
    return text


def summary(runs: Sequence[Results]) -> str:
    """Return targets and results of all runs side by side, without parts that were not measured."""
    versions = runs[0].versions.get(SKLEARN.key, {})
    parts = [
        f"Measured {_date(runs[0])}on {runs[0].machine['processor']} with "
        f"{', '.join(f'{name} {version}' for name, version in versions.items())}. {KEY}",
        "Time of an EM iteration of scikit-learn over that of gmmx in float64, the target in "
        "brackets:",
        *(_with_title(f"{_run(results)}:", ratio_targets(results)) for results in runs),
        _with_title(
            "Time of an iteration of other libraries over that of gmmx, the smallest of all "
            "cases in which both were measured:",
            leads(runs),
        ),
        other_targets(runs),
        next(filter(None, map(resources, runs)), "").partition("\n\n")[2],
    ]
    return "\n\n".join(part for part in parts if part)


def _date(results: Results) -> str:
    """Return when a run was made; an empty text for results of older versions, without a date."""
    date = results.machine.get("date")
    return f"on {date} " if date else ""


def _run(results: Results) -> str:
    """Return threads and plan of a run, and the largest differences of its likelihoods."""
    differences: dict[str, list[float]] = {}
    for found in results.iterations:
        if found.agrees:
            differences.setdefault(found.dtype, []).append(found.difference or 0.0)
    largest = [f"{max(values):.0e} in {dtype}" for dtype, values in differences.items()]
    return (
        f"**{threads(results.n_threads)}**, {results.plan} run, likelihoods agree with "
        f"scikit-learn's to {' and '.join(largest)} (relative)"
    )


def _with_title(title: str, table: str) -> str:
    """Return a table under its title, or an empty text for an empty table."""
    return f"{title}\n\n{table}" if table else ""
