"""Picture of docs/explanations/stopping.md: the remaining gain over the passes of EM."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from shared import Array, new_figure

from gmmx import GaussianMixture
from gmmx.plotting.style import COLORS, MARKERS, name_axes


def overlapping() -> Array:
    """Return two overlapping clusters of one feature."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(0, 1, 500), rng.normal(2.2, 1.3, 500)])[:, np.newaxis]


def fitted(algorithm: str, tol_type: str = "absolute", tol: float = 1e-3) -> GaussianMixture:
    """Return a mixture of two components."""
    model = GaussianMixture(
        2, algorithm=algorithm, tol_type=tol_type, tol=tol, max_iter=4000, random_state=0,
        init_params="k-means++",
    )  # fmt: skip
    return model.fit(overlapping())


def stopping() -> Figure:
    """Nats below the maximum, for EM and SQUAREM, and where each rule stops."""
    n_samples = len(overlapping())
    largest = fitted("squarem", "aitken", 1e-9).lower_bound_
    figure, ((axes,),) = new_figure(3.8)
    for algorithm, color, ahead in (("em", COLORS[0], "EM"), ("squarem", COLORS[1], "SQUAREM")):
        bounds = np.array(fitted(algorithm, "aitken", 1e-6).lower_bounds_)
        remaining = np.maximum(n_samples * (largest - bounds), 1e-6)
        passes = np.arange(1, len(bounds) + 1)
        axes.loglog(passes, remaining, color=color, linewidth=1.8, label=ahead)
        for tol_type, marker in zip(("absolute", "aitken"), MARKERS, strict=False):
            model = fitted(algorithm, tol_type)
            last = model.n_iter_
            axes.plot(
                last, remaining[last - 1], marker, color=color, markersize=9,
                label=f"{ahead} stops, tol_type={tol_type!r}", linestyle="none",
            )  # fmt: skip
    axes.axhline(1e-3, color="0.4", linestyle="--", linewidth=1)
    axes.annotate("tol=1e-3", (1, 1e-3), (2, 4), textcoords="offset points", color="0.3")
    axes.set(ylim=(1e-5, 1e5), xlim=(1, 3000))
    name_axes(axes, "passes over the samples", "nats below the maximum, all samples")
    axes.legend(loc="upper right")
    return figure


FIGURES = {"stopping": stopping}
