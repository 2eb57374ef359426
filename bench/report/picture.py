"""A picture of the ratios of times to scikit-learn's."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from bench.cases.synthetic import CASES, COVARIANCE_TYPES
from bench.report.results import Results
from bench.report.targets import targets
from bench.rivals import LIBRARIES, SKLEARN

ROWS = (("overlapping", "float64"), ("separated", "float64"), ("overlapping", "float32"))
MARKERS = "oosDv^P"  # a marker for each library, for readers who see no colours
FEATURES = [case.n_features for case in CASES]


def draw(results: Results, path: Path) -> None:
    """Draw a panel for each kind of data, precision and covariance type."""
    mpl.use("agg")
    figure = Figure(figsize=(3.1 * len(COVARIANCE_TYPES), 2.9 * len(ROWS)), layout="constrained")
    panels = figure.subplots(len(ROWS), len(COVARIANCE_TYPES), sharex=True, sharey=True)
    for (data, dtype), row in zip(ROWS, panels, strict=True):
        for covariance_type, panel in zip(COVARIANCE_TYPES, row, strict=True):
            _draw_panel(panel, results, (data, dtype, covariance_type))
        row[0].set_ylabel("times as fast as scikit-learn")
    for panel in panels[-1]:
        panel.set_xlabel("features D")
    pairs = [zip(*panel.get_legend_handles_labels(), strict=True) for panel in panels.flat]
    handles = {label: handle for pair in pairs for handle, label in pair}
    figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=4)
    threads = f"{results.n_threads} thread{'s' * (results.n_threads > 1)}"
    figure.suptitle(
        f"Time of an EM iteration: scikit-learn's over each library's, {threads}\n"
        f"{results.machine['processor']}, {results.plan} run, only what agrees with scikit-learn"
    )
    figure.savefig(path, dpi=120)


def _draw_panel(panel: Axes, results: Results, kind: tuple[str, str, str]) -> None:
    """Draw ratios over the number of features."""
    data, dtype, covariance_type = kind
    rows = [(key[3].n_features, row) for key, row in results.rows() if key[:3] == kind]
    for i, (library, marker) in enumerate(zip(LIBRARIES, MARKERS, strict=True)):
        points = [
            (n_features, row[library.key].ratio)
            for n_features, row in rows
            if library.key in row and row[library.key].agrees
        ]
        if points and library != SKLEARN:
            panel.plot(
                *zip(*points, strict=True), marker + "-", color=f"C{i}", markersize=5,
                label=library.name,
            )  # fmt: skip
    if dtype == "float64":
        _draw_targets(panel, data, covariance_type)
    panel.axhline(1, color="grey", linewidth=1, label="scikit-learn")
    if not rows:
        panel.text(0.5, 0.2, "not measured", transform=panel.transAxes, ha="center")
    panel.set_title(f"{covariance_type}, {data}, {dtype}", fontsize="medium")
    panel.set(xscale="log", yscale="log")
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xticks(FEATURES, list(map(str, FEATURES)), fontsize="small")
    panel.yaxis.set_major_formatter("{x:g}")
    panel.grid(axis="y", linewidth=0.4)


def _draw_targets(panel: Axes, data: str, covariance_type: str) -> None:
    """Draw the target ratios of gmmx."""
    for line in targets()["ratios"]:
        if line["data"] == data and covariance_type in line["covariance_types"]:
            values = [line["targets"][str(n_features)] for n_features in FEATURES]
            panel.plot(FEATURES, values, "_", color="black", markersize=9, label="gmmx's target")
