"""Tables of targets, with the figures that runs found next to them."""

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
    """Ratios to scikit-learn by covariance type, data and number of features."""
    rows = []
    for line in targets()["ratios"]:
        for covariance_type in line["covariance_types"]:
            figures = ratio_figures(results, covariance_type, line["data"])
            if figures:
                cells = [_ratio(line["targets"][str(D)], figures.get(D)) for D in FEATURES]
                rows.append([f"{covariance_type}, {line['data']}", *cells])
    return table(["", *(f"D={D}" for D in FEATURES)], rows) if rows else ""


def other_targets(runs: Sequence[Results]) -> str:
    """All other targets; each run has a column of figures and one of where they are worst."""
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
    """How far gmmx leads every rival where it leads least."""
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
    """Names of the columns of each run."""
    return [name for run in runs for name in (threads(run.n_threads), "where it is worst")]


def _with_place(target: dict[str, Any], figure: Figure | None) -> tuple[str, str]:
    """A figure and where it was found."""
    if figure is None:
        return NOTHING, ""
    return _bold_unless(is_met(target, figure.value), f"{figure.value:.3g}"), figure.where


def _ratio(target: float, figure: float | None) -> str:
    """A ratio with its target."""
    if figure is None:
        return NOTHING
    return f"{_bold_unless(figure >= target, f'{figure:.3g}')} ({target:g})"


def _bold_unless(is_met: bool, figure: str) -> str:
    """A figure, in bold if it misses its target."""
    return figure if is_met else f"**{figure}**"
