"""
Initialization methods
======================

scikit-learn's example *GMM Initialization Methods* compares four ways to start EM. gmmx has
them all, with the same names, and three more: ``"hierarchical"``, ``"whitened"`` and
``"small-em"``.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_blobs

from gmmx import ConvergenceWarning, GaussianMixture
from gmmx.plotting.style import COLORS, tidy

# %%
# Four clusters, as in the example, with half as many samples.

X, _ = make_blobs(n_samples=2000, centers=4, cluster_std=0.60, random_state=0)
X = X[:, ::-1]

# %%
# A fit of no more than one iteration shows the start, and a second fit shows how many
# iterations EM needs from there. The first one warns that it has not converged, as intended.

methods = ["kmeans", "k-means++", "random", "random_from_data"]
methods += ["hierarchical", "whitened", "small-em"]
fits = {}
for method in methods:
    options = {"init_params": method, "tol": 1e-7, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = GaussianMixture(4, max_iter=1, **options).fit(X)
    fits[method] = start, GaussianMixture(4, max_iter=2000, **options).fit(X)
    end = fits[method][1]
    print(f"{method:17} {end.n_iter_:4} iterations, {end.lower_bound_:.4f} nats per sample")

# %%
# Triangles are the means after the first iteration, and circles the means at the end. From
# ``"random"``, every mean starts close to the center of all samples.

fig, axes = plt.subplots(2, 4, figsize=(11, 5.5), sharex=True, sharey=True, layout="constrained")
for ax, (method, (start, end)) in zip(axes.flat, fits.items(), strict=False):
    colors = np.array(COLORS)[end.predict(X)]
    ax.scatter(*X[::2].T, s=8, c=colors[::2], alpha=0.8, linewidths=0)
    ax.plot(*start.means_.T, "k^", markerfacecolor="white", markersize=8)
    ax.plot(*end.means_.T, "ko", markersize=5)
    ax.set_title(f"{method}: {end.n_iter_} iterations", fontsize=10)
    tidy(ax)
axes.flat[-1].set_axis_off()
plt.show()
