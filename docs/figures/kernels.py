"""Pictures of docs/explanations/kernels.md: a pass over the samples, and the bench's ratios."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from shared import new_figure

from gmmx.plotting.style import COLORS, MARKERS, name_axes

BENCH = Path(__file__).resolve().parents[2] / "bench" / "README.md"


def draw_step(axes: Axes, left: float, title: str, text: str, color: str) -> None:
    """Draw a rounded box of a step with its title and a description below."""
    box = FancyBboxPatch((left, 1.3), 2.1, 1.0, boxstyle="round,pad=0.1,rounding_size=0.15")
    box.set(facecolor="white", edgecolor=color, linewidth=1.8)
    axes.add_patch(box)
    axes.text(left + 1.05, 1.8, title, ha="center", va="center")
    axes.text(left + 1.05, 0.95, text, ha="center", va="top", color="0.3", fontsize=8)


def one_pass() -> Figure:
    """A block of samples on its way through the caches to the sums."""
    figure, ((axes,),) = new_figure(2.5)
    for row in range(9):
        color = COLORS[1] if row == 3 else "0.85"
        axes.add_patch(Rectangle((0.0, 2.6 - 0.3 * row), 0.9, 0.25, facecolor=color, linewidth=0))
    axes.text(0.45, 3.0, "X, in memory", ha="center")
    steps = [
        ("block", "at most some\nhundred samples,\ntransposed once"),
        ("log densities", "K for each sample,\nin tiles that stay\nin registers"),
        ("responsibilities", "a maximum, then\nK exponentials\nfor each sample"),
        ("sums", "counts and moments,\nin float64"),
    ]
    axes.add_patch(Rectangle((1.6, 0.0), 8.6, 2.7, facecolor="0.96", linewidth=0, zorder=0))
    axes.text(5.9, 3.0, "a block stays in the first caches until it is in the sums", ha="center")
    for i, (title, text) in enumerate(steps):
        left = 1.85 + 2.95 * i
        draw_step(axes, left, title, text, COLORS[i])
        axes.annotate(
            "",
            (left - 0.12, 1.8),
            (left - 0.72 if i else 0.95, 1.8),
            arrowprops={"arrowstyle": "->"},
        )
    axes.text(11.75, 3.0, "kept", ha="center")
    axes.set(xlim=(-0.1, 13.1), ylim=(-0.3, 3.3))
    axes.axis("off")
    return figure


def ratios() -> dict[str, list[float]]:
    """Return the ratios of the table for one thread in bench/README.md, a list for each row."""
    text = BENCH.read_text(encoding="utf-8")
    table = text[text.index("**1 thread**") :]
    rows = re.findall(r"^\| (\w+, \w+) \|(.+)\|$", table[: table.index("**2 threads**")], re.M)
    return {
        name: [float(value) for value in re.findall(r"([\d.]+)\*{0,2} \(", cells)]
        for name, cells in rows
    }


def speed() -> Figure:
    """Times of an iteration of scikit-learn over those of gmmx, by structure and features."""
    figure, axes = new_figure(3.4, 1, 2, sharex=True, sharey=True)
    for panel, kind in zip(axes[0], ("overlapping", "separated"), strict=True):
        shown = {name: values for name, values in ratios().items() if name.endswith(kind)}
        for (name, values), color, marker in zip(shown.items(), COLORS, MARKERS, strict=False):
            n_features = 2 ** np.array([0, 1, 3, 4, 5, 6, 7, 8])
            label = name.partition(",")[0]
            panel.loglog(n_features, values, marker=marker, color=color, label=label)
        panel.set_title(f"{kind} clusters")
        panel.set_xticks([1, 4, 16, 64, 256], ["1", "4", "16", "64", "256"])
        panel.set_yticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
        panel.minorticks_off()
        panel.axhline(1.0, color="0.4", linestyle=":")
        name_axes(panel, "features", "times faster than scikit-learn")
        panel.label_outer()
    axes[0, 0].legend(loc="lower left")
    return figure


FIGURES = {"kernels_pass": one_pass, "kernels_speed": speed}
