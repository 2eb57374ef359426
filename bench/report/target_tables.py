"""Tables of targets and results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.formatting import FEATURES, NOTHING, table, threads
from bench.report.results import Results
from bench.report.targets import (
    NAMES,
    Figure,
    is_met,
    other_figures,
    ratio_figures,
    rival_leads,
    targets,
)


def ratio_targets(results: Results) -> str:
    """Return a table of ratios to scikit-learn by covariance type, data and number of features."""
    rows = []
    for line in targets()["ratios"]:
        for covariance_type in line["covariance_types"]:
            figures = ratio_figures(results, covariance_type, line["data"])
            if figures:
                cells = [_ratio(line["targets"][str(D)], figures.get(D)) for D in FEATURES]
                rows.append([f"{covariance_type}, {line['data']}", *cells])
    return table(["", *(f"D={D}" for D in FEATURES)], rows) if rows else ""


def other_targets(runs: Sequence[Results]) -> str:
    """Return a table of all other targets, with columns of values and worst cases for each run."""
    found = [other_figures(results) for results in runs]
    rows = [
        [
            target["text"],
            f"≥ {target['at_least']}" if "at_least" in target else f"≤ {target['at_most']}",
            *(cell for figures in found for cell in _with_place(target, figures.get(name))),
        ]
        for name, target in targets()["others"].items()
        if any(name in figures for figures in found)
    ]
    return table(["other targets", "target", *_run_columns(runs)], rows) if rows else ""


def leads(runs: Sequence[Results]) -> str:
    """Return a table of the smallest ratio of each rival's time to gmmx's."""
    target = targets()["others"]["rivals"]
    found = [rival_leads(results) for results in runs]
    rows = [
        [name, *(cell for figures in found for cell in _with_place(target, figures.get(key)))]
        for key, name in NAMES.items()
        if any(key in figures for figures in found)
    ]
    header = [f"library (target: ≥ {target['at_least']})", *_run_columns(runs)]
    return table(header, rows) if rows else ""


def _run_columns(runs: Sequence[Results]) -> list[str]:
    """Return the names of the columns of each run."""
    return [name for run in runs for name in (threads(run.n_threads), "where it is worst")]


def _with_place(target: dict[str, Any], figure: Figure | None) -> tuple[str, str]:
    """Return the text of a value, and the case where it is worst."""
    if figure is None:
        return NOTHING, ""
    return _bold_unless(is_met(target, figure.value), f"{figure.value:.3g}"), figure.where


def _ratio(target: float, figure: float | None) -> str:
    """Return the text of a ratio with its target."""
    if figure is None:
        return NOTHING
    return f"{_bold_unless(figure >= target, f'{figure:.3g}')} ({target:g})"


def _bold_unless(is_met: bool, figure: str) -> str:
    """Return the text of a value, in bold if it misses its target."""
    return figure if is_met else f"**{figure}**"
