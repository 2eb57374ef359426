"""The report in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bench.acceleration import NEAR, TOL, gain_to_goal
from bench.cases import CASES, COVARIANCE_TYPES
from bench.iteration import MORE
from bench.iterations import TOLERANCE, Measurement
from bench.libraries import GMMX, LIBRARIES, SKLEARN
from bench.results import Results
from bench.targets import is_met, other_figures, ratio_figures, targets

NOTHING = "-"  # in a cell without a figure


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table with its numbers on the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def markdown(results: Results) -> str:
    """Return the whole report."""
    sections = (
        _head, _targets, _iterations, _kernels, _scaling, _scratch, _prediction, _resources,
        _growth, _acceleration,
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
        f"Python {machine['python']}.",
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
            f"{found[name].value:.3g}",
            "yes" if is_met(target, found[name].value) else "**no**",
            found[name].where,
        ]
        for name, target in targets()["others"].items()
        if name in found
    ]
    text = (
        "## Targets\n\nRatio of scikit-learn's time to gmmx's for an iteration in float64, and in "
        "brackets the target. Bold ones miss it.\n\n"
    )
    text += table(["", *(f"D={D}" for D in features)], rows)
    header = ["other targets", "target", "figure", "met", "where it is worst"]
    return f"{text}\n\n{table(header, others)}" if others else text


def _cell(target: float, figure: float | None) -> str:
    """A figure with its target."""
    if figure is None:
        return NOTHING
    text = f"{figure:.3g}"
    return f"{text if figure >= target else f'**{text}**'} ({target:g})"


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
        "such covariances or precision."
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
    largest = max((found.difference or 0 for found in row if found.agrees), default=0)
    return f"{largest:.0e}" if largest else "0"


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
    text = "Full covariances, no term left out, n K D² operations in each step; Gflop/s."
    return f"## Kernels of gmmx\n\n{text}\n\n{table(header, rows)}"


def _scaling(results: Results) -> str:
    """Gain by threads."""
    rows = [
        [f"{row['case']} {row['covariance_type']}", f"{1e3 * row['seconds']:.3g}",
         f"{row['gain']:.2f}"]
        for row in results.scaling
    ]  # fmt: skip
    if not rows:
        return ""
    header = ["(n, D, K)", "one thread, ms", f"gain by {results.n_threads}"]
    return f"## Threads of gmmx\n\n{table(header, rows)}"


def _scratch(results: Results) -> str:
    """Default fits."""
    rows = [
        [
            f"{row['case']} {row['covariance_type']}, {row['data']}",
            *(f"{row[key]['seconds']:.3g}" for key in (SKLEARN.key, GMMX.key)),
            f"{row['ratio']:.3g}",
            *(str(row[key]["n_iter"]) for key in (SKLEARN.key, GMMX.key)),
            f"{row[GMMX.key]['lower_bound'] - row[SKLEARN.key]['lower_bound']:.0e}",
        ]
        for row in results.scratch
    ]
    if not rows:
        return ""
    header = ["(n, D, K)", "scikit-learn, s", "gmmx, s", "ratio", "iterations", "iterations",
              "likelihood more by"]  # fmt: skip
    text = "All parameters at their defaults, the same `random_state`; k-means included."
    return f"## A default fit from scratch\n\n{text}\n\n{table(header, rows)}"


def _prediction(results: Results) -> str:
    """Prediction."""
    if not results.prediction:
        return ""
    rows = []
    for name, text in (("a_million_rows", "a million rows, ms"), ("one_row", "one row, ms")):
        found = results.prediction[name]
        seconds = [f"{1e3 * found[key]['seconds']:.3g}" for key in (SKLEARN.key, GMMX.key)]
        rows.append([text, *seconds, f"{found['ratio']:.3g}"])
    many = results.prediction["a_million_rows"]
    of_e_step = [f"{many[key]['of_e_step']:.2f}" for key in (SKLEARN.key, GMMX.key)]
    rows.append(["a million rows over `score_samples`", *of_e_step, NOTHING])
    header = ["D = 8, K = 8, full", "scikit-learn", "gmmx", "ratio"]
    return f"## predict_proba\n\n{table(header, rows)}"


def _resources(results: Results) -> str:
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
