"""Picture of docs/explanations/bits.md: sums in any order, and chunks that threads take."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from shared import new_figure

from gmmx.plotting.style import COLORS, name_axes

N_CHUNKS = 16


def bits() -> Figure:
    """Sums in the order in which threads finish, and the fixed chunks of gmmx."""
    figure, ((orders, chunks),) = new_figure(3.2, 1, 2, width_ratios=[1, 1.7])
    rng = np.random.default_rng(0)
    partial = [part.sum() for part in np.array_split(rng.normal(size=16_000) ** 2, N_CHUNKS)]
    sums = []
    for _ in range(1000):
        total = 0.0
        for i in rng.permutation(N_CHUNKS):
            total += partial[i]
        sums.append(total)
    steps = np.round((np.array(sums) - np.median(sums)) / np.spacing(np.median(sums))).astype(int)
    values, counts = np.unique(steps, return_counts=True)
    orders.bar(values, counts, color=COLORS[0])
    orders.set_title(f"{len(values)} results of one sum")
    name_axes(orders, "difference in the last digit", "of 1,000 orders")
    for row, n_threads in enumerate((1, 2, 3)):
        threads = rng.integers(n_threads, size=N_CHUNKS)
        for chunk, thread in enumerate(threads):
            box = Rectangle(
                (chunk + 0.06, 3.2 - row), 0.88, 0.7, facecolor=COLORS[thread], linewidth=0
            )
            chunks.add_patch(box)
            chunks.text(
                chunk + 0.5, 3.55 - row, str(thread), ha="center", va="center", color="white"
            )
        chunks.text(-0.3, 3.55 - row, f"{n_threads} thread{'s'[: n_threads - 1]}", ha="right",
                    va="center")  # fmt: skip
    for chunk in range(N_CHUNKS):
        chunks.text(chunk + 0.5, 0.62, str(chunk), ha="center", va="center", color="0.3")
    chunks.text(-0.3, 0.62, "partial sum", ha="right", va="center")
    chunks.annotate(
        "", (N_CHUNKS, 0.15), (0, 0.15), arrowprops={"arrowstyle": "->", "color": "0.3"}
    )
    chunks.text(-0.3, 0.15, "added", ha="right", va="center")
    chunks.set(xlim=(-3.2, N_CHUNKS + 0.2), ylim=(-0.2, 4.2))
    chunks.set_title("The threads differ, the chunks and their order do not")
    chunks.axis("off")
    return figure


FIGURES = {"bits": bits}
