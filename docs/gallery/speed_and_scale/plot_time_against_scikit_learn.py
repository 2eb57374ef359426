"""
The same fit in less time
=========================

gmmx takes the steps of scikit-learn's ``GaussianMixture``. From the same starting values both
make the same number of iterations and end at the same likelihood; the time differs.
"""

import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.mixture import GaussianMixture as SklearnMixture
from threadpoolctl import threadpool_limits

from gmmx import GaussianMixture
from gmmx.plotting.style import COLORS, tidy

# %%
# 10,000 samples of 6 clusters in 6 features. Starting values are given, so that the time of
# k-means is left out, and the number of iterations is fixed.

rng = np.random.default_rng(0)
n_clusters, n_features = 6, 6
centers = rng.normal(scale=3.0, size=(n_clusters, n_features))
X = centers[rng.integers(n_clusters, size=10_000)] + rng.normal(size=(10_000, n_features))
start = {
    "n_components": n_clusters,
    "weights_init": np.full(n_clusters, 1 / n_clusters),
    "means_init": centers,
    "tol": 0.0,
    "max_iter": 10,
    "random_state": 0,
}

# %%
# Each covariance type is fitted by both, in one thread: other examples may run on the other
# cores while this page is made. Each bar is the best of two runs. Since both stop after 10
# iterations, they warn that they did not converge; the filter hides these warnings.

contestants = {
    "scikit-learn": (SklearnMixture, {}),
    "gmmx": (GaussianMixture, {"n_threads": 1}),
}
precisions = {
    "full": np.tile(np.eye(n_features), (n_clusters, 1, 1)),
    "tied": np.eye(n_features),
    "diag": np.ones((n_clusters, n_features)),
    "spherical": np.ones(n_clusters),
}
seconds = {name: [] for name in contestants}
for covariance_type, precisions_init in precisions.items():
    scores = []
    for name, (mixture, options) in contestants.items():
        times = []
        for _ in range(2):
            model = mixture(
                covariance_type=covariance_type,
                precisions_init=precisions_init,
                **start,
                **options,
            )
            with warnings.catch_warnings(), threadpool_limits(1):
                warnings.simplefilter("ignore")
                begin = time.perf_counter()
                model.fit(X)
            times.append(time.perf_counter() - begin)
        seconds[name].append(min(times))
        scores.append(model.score(X))
    np.testing.assert_allclose(scores, scores[0], rtol=1e-9)  # the same fit
    print(f"{covariance_type:10} {scores[0]:.9f} nats per sample in both")

# %%
# The times depend on the machine and on its load. The page :doc:`/benchmarks` has figures of
# whole fits on larger data, with more rivals.

fig, ax = plt.subplots(layout="constrained")
positions = np.arange(len(precisions))
for i, ((name, times), color) in enumerate(zip(seconds.items(), COLORS, strict=False)):
    bars = ax.bar(positions + 0.4 * (i - 0.5), times, 0.37, color=color, label=name)
    ax.bar_label(bars, [f"{1000 * one:.0f}" for one in times], fontsize=8, padding=2)
ax.set_xticks(positions, precisions)
ax.set(
    ylabel="seconds of 10 iterations (milliseconds at the bars)",
    title="10,000 samples, 6 features, 6 components, one thread",
)
fig.legend(loc="outside lower center", ncols=2)
tidy(ax)
plt.show()
