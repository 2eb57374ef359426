"""Pictures of docs/explanations/structures.md: the fourteen structures, and their parameters."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from shared import Array, draw_ellipse, new_figure

from gmmx.model.covariance import STRUCTURES_BY_NAME
from gmmx.plotting.style import COLORS, MARKERS, name_axes

# Volumes, shapes (the first variance of two whose product is 1) and angles of three components.
VOLUMES = np.array([0.45, 1.0, 2.0])
SHAPES = np.array([1.4, 4.0, 9.0])
ANGLES = np.radians([20.0, 75.0, 140.0])
MEANS = np.array([[0.0, 0.0], [6.2, 0.4], [3.0, 5.2]])

NAMES = (
    "EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV"
)  # fmt: skip


def covariances(name: str) -> list[Array]:
    """Return the covariances of three components of a structure, by mclust's name."""
    found = []
    for k in range(3):
        volume = VOLUMES[k] if name[0] == "V" else 1.0
        shape = {"I": 1.0, "E": 4.0, "V": SHAPES[k]}[name[1]]
        angle = {"I": 0.0, "E": ANGLES[0], "V": ANGLES[k]}[name[2]]
        axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        found.append(volume * (axes * [np.sqrt(shape), 1 / np.sqrt(shape)]) @ axes.T)
    return found


def structures() -> Figure:
    """Three components in each of the fourteen structures."""
    figure, axes = new_figure(7.6, 4, 4)
    for panel in axes.flat[len(NAMES) :]:
        panel.set_visible(False)
    for panel, name in zip(axes.flat, NAMES, strict=False):
        own = STRUCTURES_BY_NAME[name].name
        panel.set_title(name if name == own else f"{name}, {own}")
        for k, covariance in enumerate(covariances(name)):
            draw_ellipse(panel, MEANS[k], covariance, COLORS[k], probability=0.75)
            panel.plot(*MEANS[k], MARKERS[k], color=COLORS[k], markersize=4)
        panel.set(aspect="equal", xlim=(-3.2, 9.6), ylim=(-3.0, 9.2), xticks=[], yticks=[])
    return figure


def parameters() -> Figure:
    """Numbers of parameters of eight structures over the number of features."""
    figure, ((axes,),) = new_figure(3.6)
    n_features = np.unique(np.geomspace(2, 100, 24).round().astype(int))
    shown = ["full", "VEV", "EEV", "VVE", "VEE", "tied", "diag", "spherical"]
    for name, marker, color in zip(shown, MARKERS, [*COLORS, "0.5"], strict=True):
        counts = [STRUCTURES_BY_NAME[name].n_parameters(8, int(D)) for D in n_features]
        axes.loglog(
            n_features, counts, marker=marker, color=color, label=name, markersize=4, linewidth=1
        )
    name_axes(axes, "features", "parameters of the covariances")
    axes.set_title("8 components")
    axes.legend(bbox_to_anchor=(1.01, 1.0), loc="upper left")
    return figure


FIGURES = {"structures": structures, "structures_parameters": parameters}
