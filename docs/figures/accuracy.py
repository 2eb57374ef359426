"""Picture of docs/explanations/accuracy.md: errors of covariances far from the origin."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from shared import Array, new_figure
from sklearn.mixture import GaussianMixture as SklearnMixture

import gmmx
from gmmx.plotting.style import COLORS, name_axes

START = np.array([[0.0, 0.0], [4.0, 4.0]])
PRECISIONS: dict[str, Array] = {"full": np.tile(np.eye(2), (2, 1, 1)), "diag": np.ones((2, 2))}


def covariances(mixture: type[Any], name: str, offset: float, dtype: type, step: float) -> Array:
    """Return covariances after 10 iterations on samples moved by an offset; NaN if refused.

    The samples are multiples of `step`, so that moving them makes no rounding error.
    """
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 1, (500, 2)), rng.normal(4, 1.5, (500, 2))])
    X = (np.round(X / step) * step + offset).astype(dtype)
    model = mixture(
        2, covariance_type=name, weights_init=[0.5, 0.5], means_init=START + offset,
        precisions_init=PRECISIONS[name], reg_covar=0.0, tol=0.0, max_iter=10,
    )  # fmt: skip
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # 10 iterations are not enough to converge
            return np.asarray(model.fit(X).covariances_)
    except ValueError:
        return np.full(PRECISIONS[name].shape, np.nan)


def accuracy() -> Figure:
    """Errors over the offset in float64 and in float32, for gmmx and scikit-learn."""
    figure, axes = new_figure(3.6, 1, 2)
    lines = [
        (gmmx.GaussianMixture, "gmmx", "full", "o-", COLORS[0]),
        (gmmx.GaussianMixture, "gmmx", "diag", "s--", COLORS[4]),
        (SklearnMixture, "scikit-learn", "full", "^-", COLORS[5]),
        (SklearnMixture, "scikit-learn", "diag", "D--", COLORS[1]),
    ]
    for panel, dtype, step, largest in (
        (axes[0, 0], np.float64, 2.0**-10, 40),
        (axes[0, 1], np.float32, 2.0**-10, 12),
    ):
        exponents = np.linspace(0, largest, 9).round()
        for mixture, library, name, line, color in lines:
            true = covariances(gmmx.GaussianMixture, name, 0.0, np.float64, step)
            errors = [
                np.abs(covariances(mixture, name, 2.0**exponent, dtype, step) - true).max()
                for exponent in exponents
            ]
            label = f"{library}, {name}"
            panel.loglog(
                2.0**exponents, np.maximum(errors, 1e-16), line, color=color, label=label,
                markersize=4, linewidth=1.2,
            )  # fmt: skip
        panel.axhline(1.0, color="0.4", linewidth=1, linestyle=":")
        panel.set_title(dtype.__name__)
        name_axes(panel, "offset, in standard deviations", "error of a variance")
    axes[0, 0].legend(loc="upper left", fontsize=8)
    axes[0, 0].set_ylim(None, 1e8)
    return figure


FIGURES = {"accuracy": accuracy}
