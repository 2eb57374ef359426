"""Pictures of docs/explanations/criteria.md: criteria over K, and a bootstrap test."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from shared import Array, draw_ellipse, new_figure

from gmmx import GaussianMixtureIC, bootstrap_lrt
from gmmx.plotting.style import COLORS, MARKERS, name_axes


def two_clusters() -> Array:
    """Return a cluster that is dense in the middle, which needs two components, and another one."""
    rng = np.random.default_rng(2)
    middle, around = rng.normal(0, 0.8, (80, 2)), rng.normal(0.8, 2.2, (70, 2))
    apart = rng.normal(0, 0.7, (50, 2)) + np.array([8.5, 0.0])
    return np.concatenate([middle, around, apart])


def criteria() -> Figure:
    """BIC, AIC and ICL over the number of components, with the best mixtures of BIC and ICL."""
    X = two_clusters()
    figure, ((curves, *panels),) = new_figure(2.9, 1, 3)
    search = GaussianMixtureIC(1, 8, covariance_type="full", random_state=0).fit(X)
    table = search.results_
    usable = np.array([reason is None for reason in table["refused"]])
    n_components = table["n_components"][usable]
    for name, color, marker in zip(("bic", "icl", "aic"), COLORS, MARKERS, strict=False):
        values = table[name][usable]
        best = values.argmin()
        curves.plot(
            n_components, values, color=color, marker=marker, label=name.upper(), markersize=4
        )
        curves.plot(
            n_components[best], values[best], "o", color=color, markersize=11, fillstyle="none"
        )
    name_axes(curves, "components", "criterion")
    curves.set_xticks(range(1, 9))
    curves.legend(loc="upper right")
    for panel, name in zip(panels, ("bic", "icl"), strict=True):
        model = GaussianMixtureIC(
            1, 8, covariance_type="full", criterion=name, random_state=0
        ).fit(X)  # fmt: skip
        panel.set_title(f"{name.upper()}: {model.n_components_} components")
        panel.plot(*X.T, ".", color="0.7", markersize=3, clip_on=False)
        for k in range(model.n_components_):
            color = COLORS[k % len(COLORS)]
            draw_ellipse(panel, model.means_[k], model.covariances_[k], color)
        panel.set(aspect="equal", xticks=[], yticks=[])
    return figure


def test_data() -> Array:
    """Return two clusters that overlap."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(0, 1, (120, 2)), rng.normal(2.5, 1, (80, 2))])


def bootstrap() -> Figure:
    """Likelihood ratios of draws and of the data, for 1 against 2 and 2 against 3 components."""
    test = bootstrap_lrt(
        test_data(), covariance_type="tied", max_components=4, n_bootstrap=299, random_state=0
    )
    figure, axes = new_figure(2.7, 1, len(test.tested))
    for column, panel in enumerate(axes[0]):
        K = int(test.tested[column])
        panel.hist(test.draws[:, column], bins=30, color="0.75", label="draws under K")
        panel.axvline(test.statistic[column], color=COLORS[5], linewidth=2, label="data")
        panel.set_title(f"{K} against {K + 1} components: p = {test.p_value[column]:.3f}")
        name_axes(panel, "likelihood ratio", "draws")
    axes[0, 0].legend(loc="upper center")
    return figure


FIGURES = {"criteria": criteria, "criteria_bootstrap": bootstrap}
