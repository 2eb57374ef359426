"""Parts that several pictures share: figures, ellipses, blended colors, the marbles."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Ellipse
from numpy.typing import NDArray
from scipy.stats import chi2

from gmmx.plotting.style import COLORS, tidy

Array = NDArray[np.float64]
WIDTH = 7.6  # inches


def new_figure(
    height: float, n_rows: int = 1, n_columns: int = 1, **options: Any
) -> tuple[Figure, Any]:
    """Return a figure of the pages' width and its axes, (n_rows, n_columns)."""
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)
    figure = Figure(figsize=(WIDTH, height), layout=layout)
    axes = figure.subplots(n_rows, n_columns, squeeze=False, **options)
    for one in axes.flat:
        tidy(one)
    return figure, axes


def draw_ellipse(
    axes: Axes, mean: Array, covariance: Array, color: str, probability: float = 0.95
) -> None:
    """Draw the ellipse that holds a share of a Gaussian's probability."""
    values, vectors = np.linalg.eigh(covariance)
    width, height = 2 * np.sqrt(chi2.ppf(probability, 2) * values)
    angle = np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0]))
    ellipse = Ellipse(
        (mean[0], mean[1]), width, height, angle=angle, fill=False, edgecolor=color, linewidth=1.8
    )
    axes.add_patch(ellipse)


def blended(resp: NDArray[np.floating[Any]]) -> Array:
    """Return the colors of the components blended by the probabilities of the components."""
    colors = np.array([to_rgb(color) for color in COLORS[: resp.shape[1]]])
    return np.asarray(resp @ colors)


def marbles() -> tuple[Array, NDArray[np.int64]]:
    """Return redness and brightness of 100 marbles of three kinds of glass, and their kinds."""
    rng = np.random.default_rng(4)
    means = np.array([[0.28, 0.38], [0.62, 0.70], [0.58, 0.38]])
    covariances = np.array(
        [
            [[0.0036, 0.0020], [0.0020, 0.0060]],
            [[0.0120, -0.0045], [-0.0045, 0.0040]],
            [[0.0050, 0.0035], [0.0035, 0.0070]],
        ]
    )
    kinds = rng.choice(3, size=100, p=[0.4, 0.35, 0.25])
    factors = np.linalg.cholesky(covariances)
    noise = rng.normal(size=(len(kinds), 2))
    return means[kinds] + np.einsum("nij,nj->ni", factors[kinds], noise), kinds
