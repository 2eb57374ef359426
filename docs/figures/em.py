"""Pictures of docs/explanations/em.md: marbles, steps, the bound, k-means."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import norm
from shared import Array, blended, draw_ellipse, marbles, new_figure
from sklearn.cluster import KMeans

from gmmx import GaussianMixture
from gmmx.plotting.style import COLORS, MARKERS, name_axes


def after(n_iter: int) -> GaussianMixture:
    """Return the mixture of the marbles after some iterations from a poor start."""
    start = np.array([[0.35, 0.60], [0.70, 0.60], [0.45, 0.35]])
    model = GaussianMixture(
        3, weights_init=np.full(3, 1 / 3), means_init=start,
        precisions_init=np.tile(100 * np.eye(2), (3, 1, 1)), tol=0.0, max_iter=n_iter,
        callback=lambda iteration, bound: iteration == n_iter,
    )  # fmt: skip
    return model.fit(marbles()[0])


def draw_marbles(axes: Axes, colors: Array | str) -> None:
    """Draw the marbles in given colors."""
    X, _ = marbles()
    axes.scatter(*X.T, s=26, c=colors, clip_on=False)
    name_axes(axes, "redness", "brightness")


def basket() -> Figure:
    """Marbles without labels, and in the blended colors of the fitted mixture."""
    figure, axes = new_figure(3.3, 1, 2, sharex=True, sharey=True)
    left, right = axes[0]
    left.set_title("The basket: measured, not sorted")
    draw_marbles(left, "0.8")
    right.set_title("Each marble in the blend of its probabilities")
    model = after(100)
    draw_marbles(right, blended(model.predict_proba(marbles()[0])))
    for k in range(3):
        draw_ellipse(right, model.means_[k], model.covariances_[k], COLORS[k])
    return figure


def steps() -> Figure:
    """The mixture at the start, after the first iterations, and at the end."""
    figure, axes = new_figure(5.6, 2, 2, sharex=True, sharey=True)
    for panel, n_iter in zip(axes.flat, (0, 1, 10, 100), strict=True):
        model = after(n_iter)
        draw_marbles(panel, blended(model.predict_proba(marbles()[0])))
        for k in range(3):
            draw_ellipse(panel, model.means_[k], model.covariances_[k], COLORS[k])
        score = f"{model.score(marbles()[0]):.3f} nats a marble"
        panel.set_title(f"start: {score}" if n_iter == 0 else f"iteration {n_iter}: {score}")
        panel.label_outer()
    return figure


def bound() -> Figure:
    """The log-likelihood of one mean, and the bounds of two iterations below it."""
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(0, 1, 60), rng.normal(4, 1, 60)])
    grid = np.linspace(-0.2, 5.6, 300)

    def joint(mean: Array | float) -> Array:
        shifts = np.stack([np.broadcast_to(0.0, np.shape(mean)), np.asarray(mean)], axis=-1)
        densities = norm.pdf(x[:, np.newaxis], shifts[..., np.newaxis, :], 1.0)
        return np.asarray(0.5 * densities)

    figure, ((axes,),) = new_figure(3.4)
    likelihood = np.log(joint(grid).sum(axis=-1)).mean(axis=-1)
    axes.plot(grid, likelihood, color="black", linewidth=2.2, label="log-likelihood")
    mean = 1.1
    for number, color in enumerate(COLORS[:2], start=1):
        resp = joint(mean) / joint(mean).sum(axis=1, keepdims=True)
        lower = (resp * np.log(joint(grid) / resp)).sum(axis=-1).mean(axis=-1)
        touch = np.log(joint(mean).sum(axis=1)).mean()
        axes.plot(grid, lower, color=color, linestyle="--", label=f"bound of iteration {number}")
        axes.plot(mean, touch, MARKERS[number], color=color, markersize=9)
        axes.annotate("E-step", (mean, touch), (-8, 6), textcoords="offset points", ha="right")
        mean = float((resp[:, 1] * x).sum() / resp[:, 1].sum())
        top = (resp * np.log(joint(mean) / resp)).sum(axis=1).mean()
        axes.plot(mean, top, "*", color=color, markersize=12)
        axes.annotate("M-step", (mean, top), (6, -12), textcoords="offset points")
    axes.set_ylim(likelihood.min() - 0.25, likelihood.max() + 0.12)
    name_axes(axes, "mean of the second component", "nats per sample")
    axes.legend(loc="upper left")
    return figure


def rods() -> tuple[Array, Array]:
    """Return two long clusters side by side, and the cluster of each sample."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(160, 2)) * [3.0, 0.45]
    kinds = np.repeat([0, 1], 80)
    X[kinds == 1] += [0.0, 3.2]
    return X, kinds


def k_means() -> Figure:
    """Two long clusters, as k-means and as a mixture divide them."""
    X, kinds = rods()
    figure, axes = new_figure(1.9, 1, 2, sharex=True, sharey=True)
    clusters = KMeans(2, n_init=10, random_state=0).fit_predict(X)
    mixture = GaussianMixture(2, init_params="whitened", random_state=0).fit(X)
    for panel, name, labels in (
        (axes[0, 0], "k-means", clusters),
        (axes[0, 1], "gmmx", mixture.predict(X)),
    ):
        right = max((labels == kinds).sum(), (labels != kinds).sum())
        panel.set_title(f"{name}: {right} of {len(X)} samples right")
        for k in range(2):
            rows = labels == k
            panel.scatter(*X[rows].T, s=18, color=COLORS[k], marker=MARKERS[k], clip_on=False)
        panel.set_aspect("equal")
    for k in range(2):
        draw_ellipse(axes[0, 1], mixture.means_[k], mixture.covariances_[k], COLORS[k])
    return figure


FIGURES = {"em_basket": basket, "em_steps": steps, "em_bound": bound, "em_k_means": k_means}
