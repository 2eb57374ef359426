"""The report in Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from bench.acceleration import NEAR, TOL, gain_to_goal
from bench.cases import CASES, COVARIANCE_TYPES
from bench.iteration import MORE
from bench.iterations import TOLERANCE, Measurement
from bench.libraries import GMMX, LIBRARIES, SKLEARN
from bench.results import Results
from bench.service import CONNECTIONS
from bench.targets import NAMES, is_met, other_figures, ratio_figures, targets

NOTHING = "-"  # in a cell without a figure


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table with its numbers on the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def markdown(results: Results) -> str:
    """Return the whole report."""
    sections = (
        _head, _targets, _iterations, _kernels, _scaling, _precision, _scratch, prediction,
        resources, _growth, _acceleration, _bayesian, _service,
    )  # fmt: skip
    return "\n\n".join(text for section in sections if (text := section(results))) + "\n"


def _head(results: Results) -> str:
    """What was measured on what."""
    machine, threads = results.machine, results.n_threads
    plural = "thread" if threads == 1 else "threads"
    lines = [
        f"# Speed, {threads} {plural}, {results.plan}",
        "",
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}. Every library has {threads} {plural} on as many cores. "
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
    """Targets with their figures."""
    features = [case.n_features for case in CASES]
    rows = []
    for line in targets()["ratios"]:
        for covariance_type in line["covariance_types"]:
            figures = ratio_figures(results, covariance_type, line["data"])
            if figures:
                cells = [_cell(line["targets"][str(D)], figures.get(D)) for D in features]
                rows.append([f"{covariance_type}, {line['data']}", *cells])
    found = other_figures(results)
    others = [
        [
            target["text"],
            f"≥ {target['at_least']}" if "at_least" in target else f"≤ {target['at_most']}",
            _bold_unless(is_met(target, found[name].value), f"{found[name].value:.3g}"),
            found[name].where,
        ]
        for name, target in targets()["others"].items()
        if name in found
    ]
    parts = [
        "## Targets\n\nRatio of scikit-learn's time to gmmx's for an iteration in float64, and in "
        "brackets the target. Bold ones miss it."
    ]
    if rows:
        parts.append(table(["", *(f"D={D}" for D in features)], rows))
    if others:
        header = ["other targets", "target", "figure", "where it is worst"]
        parts.append(table(header, others))
    return "\n\n".join(parts)


def _cell(target: float, figure: float | None) -> str:
    """A figure with its target."""
    if figure is None:
        return NOTHING
    return f"{_bold_unless(figure >= target, f'{figure:.3g}')} ({target:g})"


def _bold_unless(is_met: bool, figure: str) -> str:
    """A figure, in bold if it misses its target."""
    return figure if is_met else f"**{figure}**"


def _iterations(results: Results) -> str:
    """A table for each kind of data, precision and covariance type."""
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
    """Milliseconds and ratio of a library; a failure becomes a note."""
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
    """The largest difference of those that count."""
    return _difference(max((found.difference or 0 for found in row if found.agrees), default=0))


def _difference(value: float) -> str:
    """A relative difference."""
    return f"{value:.0e}" if value else "0"


def _kernels(results: Results) -> str:
    """Rates of the kernels."""
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


def _scaling(results: Results) -> str:
    """Gain by threads."""
    header = ["(n, D, K)", "one thread, ms", f"gain by {results.n_threads}", "agrees to"]
    return _gains("Threads of gmmx", header, results.scaling)


def _precision(results: Results) -> str:
    """Gain by single precision."""
    header = ["(n, D, K)", "float64, ms", "gain by float32", "agrees to"]
    return _gains("Precision of gmmx", header, results.precision)


def _gains(title: str, header: Sequence[str], gains: Iterable[dict[str, Any]]) -> str:
    """A table of one way next to another, measured in turn."""
    rows = [
        [
            f"{row['case']} {row['covariance_type']}",
            f"{1e3 * row['seconds']:.3g}",
            f"{row['gain']:.2f}",
            _difference(row["difference"]),
        ]
        for row in gains
    ]
    return f"## {title}\n\n{table(header, rows)}" if rows else ""


def _scratch(results: Results) -> str:
    """Default fits."""
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
    """One case."""
    pair = [row[key] for key in (SKLEARN.key, GMMX.key)]
    ratio = f"{row['ratio']:.3g}"
    return [
        f"{row['case']} {row['covariance_type']}, {row['data']}",
        *(f"{1e3 * found['seconds']:.3g}" for found in pair),
        ratio if row["difference"] <= TOLERANCE["float64"] else f"~~{ratio}~~",
        *(str(found["n_iter"]) for found in pair),
        _difference(row["difference"]),
    ]


def prediction(results: Results) -> str:
    """Prediction."""
    if not results.prediction:
        return ""
    rows = []
    for name, text in (("a_million_rows", "a million rows, ms"), ("one_row", "one row, ms")):
        found = results.prediction[name]
        seconds = [f"{1e3 * found[key]['seconds']:.3g}" for key in (SKLEARN.key, GMMX.key)]
        rows.append([text, *seconds, f"{found['ratio']:.3g}", _difference(found["difference"])])
    many = results.prediction["a_million_rows"]
    of_e_step = [f"{many[key]['of_e_step']:.2f}" for key in (SKLEARN.key, GMMX.key)]
    rows.append(["a million rows over `score_samples`", *of_e_step, NOTHING, NOTHING])
    header = ["D = 8, K = 8, full", "scikit-learn", "gmmx", "ratio", "agrees to"]
    return f"## predict_proba\n\n{table(header, rows)}"


def resources(results: Results) -> str:
    """Memory and import time."""
    rows = []
    if results.memory:
        peaks = [results.memory[key] for key in (SKLEARN.key, GMMX.key)]
        shares = [f"{peak['extra'] / peak['samples']:.3g}" for peak in peaks]
        rows.append([f"peak memory of a fit over that of X, {results.memory['case']}", *shares])
    if results.imports:
        imports = [f"{1e3 * results.imports[key]:.3g}" for key in (SKLEARN.key, GMMX.key)]
        rows.append(["import after NumPy, ms", *imports])
    if not rows:
        return ""
    return f"## Memory and import\n\n{table(['', 'scikit-learn', 'gmmx'], rows)}"


def _growth(results: Results) -> str:
    """Slopes."""
    slopes = {(row["size"], row["library"]): row for row in results.growth}
    rows = []
    for size in dict.fromkeys(size for size, _ in slopes):
        pair = [slopes[size, key] for key in (SKLEARN.key, GMMX.key)]
        values = ", ".join(map(str, pair[0]["sizes"]))
        rows.append([f"{size} = {values}", *(f"{row['slope']:.2f}" for row in pair)])
    if not rows:
        return ""
    text = "Slope of the logarithm of an iteration's time over that of a size, full covariances."
    return f"## Growth\n\n{text}\n\n{table(['', 'scikit-learn', 'gmmx'], rows)}"


def _acceleration(results: Results) -> str:
    """Passes over the samples."""
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
    """One data set."""
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


def _bayesian(results: Results) -> str:
    """Bayesian mixtures."""
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
        [name, *(f"{1e3 * row[key]['seconds']:.3g}" for key in (SKLEARN.key, GMMX.key)),
         f"{row['ratio']:.3g}"]
        for name, row in rows
    ]  # fmt: skip
    header = ["", "scikit-learn, ms", "gmmx, ms", "ratio"]
    return f"## Bayesian mixtures\n\n{text}\n\n{table(header, cells)}"


def _service(results: Results) -> str:
    """Requests per second, and times until an answer."""
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
        rows.append([*cells, _difference(row["difference"])])
    return f"## A service\n\n{text}\n\n{table(header, rows)}"
