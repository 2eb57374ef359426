"""Sections of the report, one for each part except 'iterations'; empty if not measured."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from bench.formatting import NOTHING, difference, figure, table
from bench.measures.acceleration import NEAR, TOL, gain_to_goal
from bench.measures.iteration import TOLERANCE
from bench.measures.scale import stream as streams
from bench.measures.service import CONNECTIONS
from bench.report.results import Results
from bench.report.targets import LONG, NAMES
from bench.rivals import GMMX, SKLEARN


def kernels(results: Results) -> str:
    """Return the section on rates of the kernels."""
    rows = [
        [
            f"{row['case']}, {row['dtype']}",
            f"{row['gemm']:.1f}",
            f"{row['e_step']:.1f}",
            f"{100 * row['e_step_fraction']:.0f} %",
            f"{row['m_step']:.1f}",
            f"{100 * row['m_step_fraction']:.0f} %",
        ]
        for row in results.kernels
    ]
    if not rows:
        return ""
    header = ["(n, D, K)", "NumPy's gemm", "E-step", "of gemm", "M-step", "of gemm"]
    rates: dict[str, list[float]] = {}
    for row in results.kernels:
        name = "dgemm" if row["dtype"] == "float64" else "sgemm"
        rates.setdefault(name, []).append(row["gemm"])
    gemm = ", ".join(f"{name} {statistics.median(rate):.1f}" for name, rate in rates.items())
    text = (
        f"NumPy's {gemm} Gflop/s. The kernels in Gflop/s and next to the gemm measured in turn "
        "with them: full covariances, no term left out, n K D² operations in each step."
    )
    return f"## Kernels of gmmx\n\n{text}\n\n{table(header, rows)}"


def scaling(results: Results) -> str:
    """Return the section on the gain by threads."""
    header = ["(n, D, K)", "one thread, ms", f"gain by {results.n_threads}", "agrees to"]
    text = f"The target holds for iterations above {1e3 * LONG:g} ms on one thread."
    return _gains("Threads of gmmx", text, header, results.scaling)


def precision(results: Results) -> str:
    """Return the section on the gain by single precision."""
    header = ["(n, D, K)", "float64, ms", "gain by float32", "agrees to"]
    text = "Measured in turn; the target holds for all."
    return _gains("Precision of gmmx", text, header, results.precision)


def weights(results: Results) -> str:
    """Return the section on the cost of weights."""
    header = ["(n, D, K)", "without weights, ms", "over the time with weights", "agrees to"]
    text = "A pass over the samples, all weights 1, in float64, measured in turn."
    return _gains("Weights of samples", text, header, results.weights)


def _gains(title: str, text: str, header: Sequence[str], gains: Iterable[dict[str, Any]]) -> str:
    """Return a section with a table of seconds and gains."""
    rows = [
        [
            f"{row['case']} {row['covariance_type']}",
            f"{1e3 * row['seconds']:.3g}",
            f"{row['gain']:.2f}",
            difference(row["difference"]),
        ]
        for row in gains
    ]
    return f"## {title}\n\n{text}\n\n{table(header, rows)}" if rows else ""


def scratch(results: Results) -> str:
    """Return the section on default fits."""
    if not results.scratch:
        return ""
    header = ["(n, D, K)", "scikit-learn, ms", "gmmx, ms", "ratio", "iterations", "iterations",
              "agrees to"]  # fmt: skip
    text = (
        "All parameters at their defaults, the same `random_state`; k-means included. A ratio is "
        "struck out and does not count where both ended at different likelihoods."
    )
    rows = map(_scratch_row, results.scratch)
    return f"## A default fit from scratch\n\n{text}\n\n{table(header, rows)}"


def _scratch_row(row: dict[str, Any]) -> list[str]:
    """Return the row of one case."""
    pair = [row[key] for key in (SKLEARN.key, GMMX.key)]
    ratio = f"{row['ratio']:.3g}"
    return [
        f"{row['case']} {row['covariance_type']}, {row['data']}",
        *(f"{1e3 * found['seconds']:.3g}" for found in pair),
        ratio if row["difference"] <= TOLERANCE["float64"] else f"~~{ratio}~~",
        *(str(found["n_iter"]) for found in pair),
        difference(row["difference"]),
    ]


def prediction(results: Results) -> str:
    """Return the section on prediction."""
    if not results.prediction:
        return ""
    rows = []
    for name, text in (("a_million_rows", "a million rows, ms"), ("one_row", "one row, ms")):
        found = results.prediction[name]
        seconds = [f"{1e3 * found[key]['seconds']:.3g}" for key in (SKLEARN.key, GMMX.key)]
        rows.append([text, *seconds, f"{found['ratio']:.3g}", difference(found["difference"])])
    many = results.prediction["a_million_rows"]
    of_e_step = [f"{many[key]['of_e_step']:.2f}" for key in (SKLEARN.key, GMMX.key)]
    rows.append(["a million rows over `score_samples`", *of_e_step, NOTHING, NOTHING])
    header = ["D = 8, K = 8, full", "scikit-learn", "gmmx", "ratio", "agrees to"]
    return f"## predict_proba\n\n{table(header, rows)}"


def resources(results: Results) -> str:
    """Return the section on memory, import time and growth."""
    rows = []
    if results.memory:
        peaks = [results.memory[key] for key in (SKLEARN.key, GMMX.key)]
        shares = [f"{peak['extra'] / peak['samples']:.3g}" for peak in peaks]
        text = "peak memory of a fit beyond X, as a multiple of the size of X"
        rows.append([f"{text}, {results.memory['case']}", *shares])
    if results.imports:
        imports = [f"{1e3 * results.imports[key]:.3g}" for key in (SKLEARN.key, GMMX.key)]
        rows.append(["import after NumPy, ms", *imports])
    rows += _growth_rows(results)
    if not rows:
        return ""
    return f"## Memory, import, growth\n\n{table(['', 'scikit-learn', 'gmmx'], rows)}"


def _growth_rows(results: Results) -> list[list[str]]:
    """Return rows with the exponents by which the time of an iteration grows with each size."""
    slopes = {(row["size"], row["library"]): row for row in results.growth}
    rows = []
    for size in dict.fromkeys(size for size, _ in slopes):
        pair = [slopes[size, key] for key in (SKLEARN.key, GMMX.key)]
        values = ", ".join(map(str, pair[0]["sizes"]))
        text = f"an iteration's time grows with {size} ({values}) to the power of"
        rows.append([text, *(f"{row['slope']:.2f}" for row in pair)])
    return rows


def acceleration(results: Results) -> str:
    """Return the section on passes over the samples."""
    if not results.acceleration:
        return ""
    header = ["data", "EM", "squarem", "ratio", "to the goal", "ratio", "likelihood more by",
              "scikit-learn, ms", "EM, ms", "squarem, ms"]  # fmt: skip
    text = (
        f"Passes over the samples until convergence with `tol={TOL:g}`, from the same start; "
        "passes in which squarem comes within "
        f"{NEAR:g} nats per sample of scikit-learn's final likelihood, the goal; all passes of EM "
        "over those; by how much squarem ends higher than EM; and time of scikit-learn's fit, and "
        "of gmmx to the goal."
    )
    rows = map(_acceleration_row, results.acceleration)
    return f"## Fewer iterations\n\n{text}\n\n{table(header, rows)}"


def _acceleration_row(row: dict[str, Any]) -> list[str]:
    """Return the row of one data set."""
    em, squarem = row["em"], row["squarem"]
    return [
        row["data"],
        str(em["passes"]),
        str(squarem["passes"]),
        f"{em['passes'] / squarem['passes']:.2f}",
        str(squarem["passes_to_goal"] or "not reached"),
        f"{gain_to_goal(row):.2f}",
        f"{squarem['log_likelihood'] - em['log_likelihood']:.0e}",
        f"{1e3 * row[SKLEARN.key]['seconds']:.3g}",
        *(
            f"{1e3 * found['seconds_to_goal']:.3g}" if found["seconds_to_goal"] else NOTHING
            for found in (em, squarem)
        ),
    ]


def bayesian(results: Results) -> str:
    """Return the section on Bayesian mixtures."""
    found = results.bayesian
    if not found:
        return ""
    rows = [
        ("one column, 20000 rows, 100 iterations", found["column"]),
        ("fit_columns, 200 columns of 10000 rows", found["columns"]),
        *((f"an iteration of {row['case']}, full", row) for row in found["matrices"]),
    ]
    text = "10 components of a Dirichlet process with concentration 0.001, or `full`."
    if "rdt" in found:
        rows.append(("rdt's normalizer, 20 columns of 10000 rows", found["rdt"]))
        kept = ", ".join(
            f"{NAMES[key]} {found['rdt'][key]['error']:.6g} and {found['rdt'][key]['components']}"
            for key in (SKLEARN.key, GMMX.key)
        )
        text += f" rdt: error of the inverse, in standard deviations, and components kept: {kept}."
    cells = [
        [name, *(figure(row[key]["seconds"], 1e-3) for key in (SKLEARN.key, GMMX.key)),
         figure(row["ratio"])]
        for name, row in rows
    ]  # fmt: skip
    header = ["", "scikit-learn, ms", "gmmx, ms", "ratio"]
    return f"## Bayesian mixtures\n\n{text}\n\n{table(header, cells)}"


def service(results: Results) -> str:
    """Return the section on requests per second and times until an answer."""
    if not results.service:
        return ""
    header = ["rows", "scikit-learn", "gmmx", "ratio", "p50", "p50", "p99", "p99", "agrees to"]
    text = (
        f"Requests per second of `examples/service`, D = 8, K = 8, full, {CONNECTIONS} connections "
        "of wrk, by rows in a request; milliseconds until an answer, scikit-learn's before gmmx's."
    )
    rows = []
    for row in results.service:
        pair = [row[key] for key in (SKLEARN.key, GMMX.key)]
        rates = [f"{found['requests_per_second']:.0f}" for found in pair]
        times = [f"{1e3 * found[name]:.3g}" for name in ("p50", "p99") for found in pair]
        cells = [str(row["rows"]), *rates, f"{row['ratio']:.2f}", *times]
        rows.append([*cells, difference(row["difference"])])
    return f"## A service\n\n{text}\n\n{table(header, rows)}"


def stream(results: Results) -> str:
    """Return the section on streams."""
    if not results.stream:
        return ""
    text = (
        f"`partial_fit` of batches of {streams.BATCH} rows, and EM on all rows with "
        f"`tol={streams.TOL:g}` from the same start, the fit of the first rows: nats per sample by "
        "which the stream ends lower, on all rows."
    )
    header = ["(n, D, K)", "first rows", "iterations of EM", "EM, s", "stream, s", "lower by"]
    rows = [
        [
            f"{row['case']} {row['covariance_type']}, {row['data']}",
            str(row["n_first"]),
            str(row["n_iter"]),
            f"{row['fit_seconds']:.3g}",
            f"{row['stream_seconds']:.3g}",
            f"{row['shortfall']:.4f}",
        ]
        for row in results.stream["stationary"]
    ]
    drift = [
        [str(row["forget_factor"]), f"{row['shortfall']:.4f}"] for row in results.stream["drift"]
    ]
    moving = (
        f"A stream whose means move, {results.stream['drift'][0]['case']}: nats per sample by "
        "which the model is below the truth at its end, on the last rows."
    )
    tables = table(header, rows), moving, table(["`forget_factor`", "lower by"], drift)
    return "\n\n".join(["## Streams", text, *tables])


def large_file(results: Results) -> str:
    """Return the section on a file larger than memory, and on a mapped file in the page cache."""
    found = results.large_file
    if not found:
        return ""
    text = (
        f"A fit of {found['n_iter']} iterations to a file of {found['bytes'] / (1 << 30):.1f} GiB "
        f"takes {found['peak'] / (1 << 20):.0f} MiB at its peak, the interpreter and all modules "
        f"included, and {found['seconds']:.0f} s. An iteration on a mapped file, which the page "
        "cache holds, is measured in turn with one on the same array in memory; the bounds are "
        "equal."
    )
    header = ["covariance type, K", "in memory, ms", "mapped, ms", "ratio"]
    rows = [
        [
            f"{row['covariance_type']}, {row['K']}",
            figure(1e3 * row["memory"]),
            figure(1e3 * row["mapped"]),
            f"{row['ratio']:.2f}",
        ]
        for row in found["passes"]
    ]
    return f"## A large file\n\n{text}\n\n{table(header, rows)}"


def dask(results: Results) -> str:
    """Return the section on passes over the partitions of a Dask worker."""
    if not results.dask:
        return ""
    header = ["rows", "partitions", "in memory, ms", "Dask, ms", "ratio"]
    text = (
        "A pass over D = 16, K = 32, full, in one process and on one worker process of Dask with "
        "as many threads, measured in turn."
    )
    rows = [
        [
            str(row["n_samples"]),
            str(row["n_partitions"]),
            figure(1e3 * row["in_memory"]),
            figure(1e3 * row["seconds"]),
            f"{row['ratio']:.2f}",
        ]
        for row in results.dask
    ]
    return f"## Dask\n\n{text}\n\n{table(header, rows)}"
