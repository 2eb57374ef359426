"""A picture of the ratios to scikit-learn."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.cases import COVARIANCE_TYPES, SPREADS
from bench.libraries import LIBRARIES, SKLEARN
from bench.results import Results
from bench.targets import targets

DTYPE = "float64"


def draw(results: Results, path: Path) -> None:
    """Draw a panel for each kind of data and covariance type."""
    mpl.use("agg")
    figure = Figure(figsize=(3.2 * len(COVARIANCE_TYPES), 3.2 * len(SPREADS)), layout="constrained")
    panels = figure.subplots(len(SPREADS), len(COVARIANCE_TYPES), sharex=True, sharey=True)
    for data, row in zip(SPREADS, panels, strict=True):
        for covariance_type, panel in zip(COVARIANCE_TYPES, row, strict=True):
            _draw_panel(panel, results, data, covariance_type)
    pairs = [zip(*panel.get_legend_handles_labels(), strict=True) for panel in panels.flat]
    handles = {label: handle for pair in pairs for handle, label in pair}
    figure.legend(list(handles.values()), list(handles), loc="outside right upper")
    threads = f"{results.n_threads} thread{'s' * (results.n_threads > 1)}"
    figure.suptitle(
        f"Time of an EM iteration: scikit-learn's over each library's, {DTYPE}, {threads}\n"
        f"{results.machine['processor']}"
    )
    figure.savefig(path, dpi=120)


def _draw_panel(panel: Axes, results: Results, data: str, covariance_type: str) -> None:
    """Ratios over the number of features."""
    for i, library in enumerate(LIBRARIES):
        points = [
            (case.n_features, row[library.key].ratio)
            for (row_data, dtype, row_type, case), row in results.rows()
            if (row_data, dtype, row_type) == (data, DTYPE, covariance_type)
            and library.key in row
            and row[library.key].agrees
        ]
        if points and library != SKLEARN:
            panel.plot(*zip(*points, strict=True), "o-", color=f"C{i}", label=library.name)
    for line in targets()["ratios"]:
        if line["data"] == data and covariance_type in line["covariance_types"]:
            features = list(map(int, line["targets"]))
            values = list(line["targets"].values())
            panel.plot(features, values, "_", color="black", markersize=9, label="gmmx's target")
    panel.axhline(1, color="grey", linewidth=1)
    panel.set(title=f"{covariance_type}, {data}", xscale="log", yscale="log")
    panel.set_xlabel("features D")
    panel.set_ylabel("ratio")
