"""Picture of docs/explanations/spurious.md: the likelihood without bound, and a false maximum."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import norm
from shared import Array, draw_ellipse, new_figure

from gmmx import GaussianMixture
from gmmx.plotting.style import COLORS, MARKERS, name_axes


def with_a_pair() -> Array:
    """Return 61 samples of one Gaussian, rounded to tenths, of which two are equal."""
    X = np.random.default_rng(0).normal(0, 1, (60, 2)).round(1)
    return np.concatenate([X, X[:1]])


def log_likelihoods(widths: Array, n_features: int) -> Array:
    """Return log-likelihoods of 60 samples where a component of weight 2 % shrinks onto one."""
    X = np.random.default_rng(0).normal(0, 1, (60, n_features))
    wide = norm.logpdf(X).sum(axis=1) + np.log(0.98)
    narrow = np.stack([norm.logpdf(X, X[0], width).sum(axis=1) for width in widths])
    return np.asarray(np.logaddexp(wide, narrow + np.log(0.02)).sum(axis=1))


def spurious() -> Figure:
    """The likelihood over the width of a component, and ellipses of two fits to the same data."""
    figure, ((curves, data),) = new_figure(3.3, 1, 2)
    widths = np.geomspace(1e-7, 1.0, 60)
    for n_features, color, marker in zip((1, 2, 4), COLORS, MARKERS, strict=False):
        values = log_likelihoods(widths, n_features)
        label = f"{n_features} feature{'s' if n_features > 1 else ''}"
        curves.semilogx(
            widths, values - values[-1], color=color, marker=marker, markevery=12, label=label
        )
    curves.axvline(1e-3, color="0.4", linestyle="--")
    curves.annotate(
        "floor of\nreg_covar=1e-6", (1e-3, 27), (6, 0), textcoords="offset points", color="0.3"
    )
    curves.set_title("One component shrinks onto one sample")
    name_axes(curves, "standard deviation of the component", "gain in log-likelihood, nats")
    curves.legend(loc="upper right")
    X = with_a_pair()
    one = GaussianMixture(1).fit(X)
    two = GaussianMixture(
        2, weights_init=[0.98, 0.02], means_init=[X.mean(axis=0), X[0]],
        precisions_init=[np.eye(2), 1e6 * np.eye(2)],
    ).fit(X)  # fmt: skip
    data.plot(*X.T, ".", color="0.6", markersize=5)
    draw_ellipse(data, one.means_[0], one.covariances_[0], COLORS[0])
    data.plot(*X[0], "o", color=COLORS[5], markersize=14, fillstyle="none", markeredgewidth=2)
    data.annotate(
        "two equal rows", X[0], (12, 12), textcoords="offset points", color=COLORS[5]
    )  # fmt: skip
    data.set_title(f"BIC {one.bic(X):.0f} for one component, {two.bic(X):.0f} with the pair")
    data.set_aspect("equal")
    name_axes(data, "x0", "x1")
    return figure


FIGURES = {"spurious": spurious}
