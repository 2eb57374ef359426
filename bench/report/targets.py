"""Targets, from ``targets.json``, and the results to compare with them."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from bench.measures.acceleration import gain_to_goal
from bench.measures.iteration import TOLERANCE, Measurement
from bench.measures.scratch import SMALL
from bench.report.results import Results
from bench.rivals import GMMX, LIBRARIES, SKLEARN

NAMES = {library.key: library.name for library in LIBRARIES}
LONG = 0.05  # seconds; shorter iterations have no target for the gain by threads


class Figure(NamedTuple):
    """A value and the case where it was measured."""

    value: float
    where: str = ""


@cache
def targets() -> dict[str, Any]:
    """Return the content of the file."""
    path = Path(__file__).with_name("targets.json")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def ratio_figures(results: Results, covariance_type: str, data: str) -> dict[int, float]:
    """Return gmmx's ratios to scikit-learn in float64 by number of features, if results agree."""
    return {
        case.n_features: row[GMMX.key].ratio
        for (row_data, dtype, row_type, case), row in results.rows()
        if (row_data, dtype, row_type) == (data, "float64", covariance_type)
        and GMMX.key in row
        and row[GMMX.key].agrees
    }


def other_figures(results: Results) -> dict[str, Figure]:
    """Return the values for the other targets, as far as they were measured."""
    groups = (
        _of_iterations, _of_gains, _of_kernels, _of_fits, _of_prediction, _of_acceleration,
        _of_bayesian, _of_stream, _of_large_file, _of_dask,
    )  # fmt: skip
    return {name: figure for group in groups for name, figure in group(results).items()}


def is_met(target: dict[str, Any], value: float) -> bool:
    """Return whether a value meets a target."""
    if "at_least" in target:
        return bool(value >= target["at_least"])
    return bool(value <= target["at_most"])


def _of_iterations(results: Results) -> dict[str, Figure]:
    """Return the smallest ratios of an iteration to scikit-learn and to other libraries."""
    slowest = [Figure(row[GMMX.key].ratio, where) for where, row in _rows_that_count(results)]
    rivals = [
        Figure(lead.value, f"{NAMES[key]}, {lead.where}")
        for key, lead in rival_leads(results).items()
    ]
    return _worst({"slowest": slowest, "rivals": rivals}, min)


def rival_leads(results: Results) -> dict[str, Figure]:
    """Return the smallest ratio of each rival's time to gmmx's, if results agree."""
    leads: dict[str, list[Figure]] = {}
    for where, row in _rows_that_count(results):
        for key, other in row.items():
            if key not in {GMMX.key, SKLEARN.key} and other.agrees:
                leads.setdefault(key, []).append(Figure(other.over(row[GMMX.key]), where))
    return _worst(leads, min)


def _rows_that_count(results: Results) -> Iterator[tuple[str, dict[str, Measurement]]]:
    """Yield the rows in which gmmx's result agrees, each with a description."""
    for (data, dtype, covariance_type, case), row in results.rows():
        if GMMX.key in row and row[GMMX.key].agrees:
            yield f"{case} {covariance_type}, {data}, {dtype}", row


def _of_gains(results: Results) -> dict[str, Figure]:
    """Return the smallest ratios of an iteration of gmmx to another one of gmmx."""
    found = {
        name: [
            Figure(row["gain"], f"{row['case']} {row['covariance_type']}")
            for row in rows
            if row["seconds"] > longer_than
        ]
        for name, rows, longer_than in (
            ("float32_gain", results.precision, 0),
            ("weights", results.weights, 0),
            ("thread_gain", results.scaling, LONG),
        )
    }
    figures = _worst(found, min)
    for name, worst in figures.items():
        median = statistics.median(figure.value for figure in found[name])
        figures[name] = Figure(worst.value, f"{worst.where}; median {median:.2f}")
    return figures


def _of_kernels(results: Results) -> dict[str, Figure]:
    """Return the smallest rates of the dense kernels."""
    rows = [
        row for row in results.kernels if row["dtype"] == "float64" and row["case"].n_features >= 32
    ]
    steps = ("e_step", "m_step")
    found = {
        step: [Figure(row[f"{step}_fraction"], str(row["case"])) for row in rows] for step in steps
    }
    return _worst(found, min)


def _of_fits(results: Results) -> dict[str, Figure]:
    """Return the smallest ratios of default fits, and the import time."""
    found: dict[str, list[Figure]] = {"scratch": [], "small": []}
    for row in results.scratch:
        if row["difference"] <= TOLERANCE["float64"]:
            name = "small" if row["case"] == SMALL else "scratch"
            where = f"{row['case']} {row['covariance_type']}, {row['data']}"
            found[name].append(Figure(row["ratio"], where))
    figures = _worst(found, min)
    if results.imports:
        figures["import"] = Figure(1e3 * results.imports["gmmx"])
    return figures


def _of_prediction(results: Results) -> dict[str, Figure]:
    """Return the values for ``predict_proba``."""
    if not results.prediction:
        return {}
    one, many = results.prediction["one_row"], results.prediction["a_million_rows"]
    return {
        "one_row": Figure(1e6 * one[GMMX.key]["seconds"]),
        "one_row_ratio": Figure(one["ratio"]),
        "million_rows": Figure(many[GMMX.key]["of_e_step"]),
    }


def _of_acceleration(results: Results) -> dict[str, Figure]:
    """Return the values for extrapolation."""
    rows = results.acceleration
    if not rows:
        return {}
    gains = [row["em"]["passes"] / row["squarem"]["passes"] for row in rows]
    differences = [
        Figure(row["squarem"]["log_likelihood"] - row["em"]["log_likelihood"], row["data"])
        for row in rows
    ]
    most = [Figure(1 / gain, row["data"]) for gain, row in zip(gains, rows, strict=True)]
    return {
        "passes_median": Figure(statistics.median(gains), f"{len(rows)} data sets"),
        "goal_median": Figure(statistics.median(map(gain_to_goal, rows))),
        **_worst({"likelihood": differences}, min),
        **_worst({"passes_worst": most}, max),
    }


def _of_bayesian(results: Results) -> dict[str, Figure]:
    """Return the values for Bayesian mixtures."""
    found = results.bayesian
    if not found:
        return {}
    figures = {"bayesian_column": Figure(found["column"]["ratio"])}
    if results.n_threads > 1:
        figures["bayesian_columns"] = Figure(found["columns"]["ratio"])
    if "rdt" in found:
        figures["rdt"] = Figure(found["rdt"]["ratio"])
    shares = [
        Figure(row["share"], str(row["case"]))
        for row in found["matrices"]
        if row["share"] is not None
    ]
    return {**figures, **_worst({"bayesian_share": shares}, min)}


def _of_stream(results: Results) -> dict[str, Figure]:
    """Return the values for streams; of those that move, the best `forget_factor` counts."""
    if not results.stream:
        return {}
    stationary = [
        Figure(row["shortfall"], f"{row['case']} {row['covariance_type']}, {row['data']}")
        for row in results.stream["stationary"]
    ]
    drift = [
        Figure(row["shortfall"], f"forget_factor={row['forget_factor']}")
        for row in results.stream["drift"]
    ]
    return {"stream": max(stationary), "drift": min(drift)}


def _worst(
    found: dict[str, list[Figure]], choose: Callable[[Iterable[Figure]], Figure]
) -> dict[str, Figure]:
    """Return the worst value of each list."""
    return {name: choose(figures) for name, figures in found.items() if figures}


def _of_large_file(results: Results) -> dict[str, Figure]:
    """Return the peak memory of a fit to a large file, and the largest ratio of mapped passes."""
    found = results.large_file
    if not found:
        return {}
    ratios = [
        Figure(row["ratio"], f"{row['covariance_type']}, K = {row['K']}") for row in found["passes"]
    ]
    peak = Figure(found["peak"] / (1 << 20), f"{found['bytes'] / (1 << 30):.1f} GiB")
    return {"large_file_memory": peak, **_worst({"mapped_pass": ratios}, max)}


def _of_dask(results: Results) -> dict[str, Figure]:
    """Return the largest ratio of a pass on a worker of Dask to a pass in memory."""
    found = [Figure(row["ratio"], f"{row['n_partitions']} partitions") for row in results.dask]
    return _worst({"dask": found}, max)
