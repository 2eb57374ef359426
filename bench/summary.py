"""The part of a report that the README shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.cases import CASES, COVARIANCE_TYPES, SPREADS
from bench.libraries import GMMX, LIBRARIES, SKLEARN
from bench.report import NOTHING, prediction, resources, table
from bench.results import Results
from bench.targets import ratio_figures

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
FEATURES = [case.n_features for case in CASES]


def update_readme(paths: Sequence[Path]) -> str:
    """Put the summaries of saved results between the marks in the README; return the text."""
    text = "\n\n".join(summary(Results.load(path)) for path in paths)
    before, begin, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{README} has to have the lines {BEGIN} and {END}")
    README.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
    return text


def summary(results: Results) -> str:
    """Return ratios to scikit-learn and to the rivals, prediction, memory and import."""
    threads = f"{results.n_threads} thread{'s' * (results.n_threads > 1)}"
    rivals = _over_rivals(results)
    versions = {name: key for keys in results.versions.values() for name, key in keys.items()}
    parts = [
        f"{results.machine['processor']}, {threads}, {results.plan} run, scikit-learn "
        f"{versions['scikit-learn']}. {_agreement(results)} Time of an EM iteration of "
        "scikit-learn over that of gmmx, float64:",
        _over_sklearn(results),
        "Time of an EM iteration of other libraries over that of gmmx:" if rivals else "",
        rivals,
        *(_without_title(section(results)) for section in (prediction, resources)),
    ]
    return "\n\n".join(part for part in parts if part)


def _agreement(results: Results) -> str:
    """How far the likelihoods of all that is shown differ from scikit-learn's."""
    differences: dict[str, list[float]] = {}
    for found in results.iterations:
        if found.agrees:
            differences.setdefault(found.dtype, []).append(found.difference or 0.0)
    largest = [f"{max(values):.0e} in {dtype}" for dtype, values in differences.items()]
    return f"Log-likelihoods agree with scikit-learn's to {' and '.join(largest)} (relative)."


def _header(first: str) -> list[str]:
    """A column for each number of features."""
    return [first, *(f"D={D}" for D in FEATURES)]


def _over_sklearn(results: Results) -> str:
    """A row for each covariance type and kind of data."""
    rows = []
    for covariance_type in COVARIANCE_TYPES:
        for data in SPREADS:
            figures = ratio_figures(results, covariance_type, data)
            if figures:
                rows.append(_row(f"{covariance_type}, {data}", figures))
    return table(_header("covariances, data"), rows)


def _over_rivals(results: Results) -> str:
    """A row for each rival, precision and covariance type it was measured in; overlapping data."""
    figures: dict[str, dict[int, float]] = {}
    for library in LIBRARIES:
        for (data, dtype, covariance_type, case), row in results.rows():
            other, ours = row.get(library.key), row[GMMX.key]
            if library in {SKLEARN, GMMX} or data != "overlapping" or other is None:
                continue
            if other.agrees and ours.agrees:
                title = f"{library.name}, {covariance_type}, {dtype}"
                figures.setdefault(title, {})[case.n_features] = other.over(ours)
    rows = [_row(title, found) for title, found in figures.items()]
    return table(_header("library, overlapping data"), rows) if rows else ""


def _row(title: str, figures: dict[int, float]) -> list[str]:
    """Figures by number of features, to two digits at least."""
    cells = (figures.get(n_features) for n_features in FEATURES)
    return [title, *(NOTHING if x is None else f"{x:.1f}" if x < 10 else f"{x:.0f}" for x in cells)]


def _without_title(section: str) -> str:
    """The section from its second paragraph on."""
    return section.partition("\n\n")[2]
