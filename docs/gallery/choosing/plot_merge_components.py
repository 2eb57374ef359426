"""
Components that form one cluster
================================

A cluster that is not Gaussian takes several components. ``merge_components`` joins those that
overlap, pair by pair, and the entropy of the labels tells where to stop.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixtureIC, merge_components
from gmmx.plotting import EntropyDisplay, MergeTreeDisplay
from gmmx.plotting.style import COLORS, MARKERS, tidy

# %%
# A cross, a round cluster, and a long one: three clusters by eye. BIC needs four components,
# since a cross is two.

rng = np.random.default_rng(0)
X = np.concatenate(
    [
        rng.normal(size=(150, 2)) * [3.0, 0.3],
        rng.normal(size=(150, 2)) * [0.3, 3.0],
        rng.normal(size=(150, 2)) * 0.8 + [8.0, 8.0],
        rng.normal(size=(150, 2)) * [0.5, 2.0] + [12.0, -2.0],
    ]
)
search = GaussianMixtureIC(1, 7, random_state=0).fit(X)
merged = merge_components(search, X)
print(f"BIC: {search.n_components_} components, {search.covariance_type_}")
print(merged)

# %%
# The entropy falls steeply where the merged components overlapped, and hardly where they were
# separate.

EntropyDisplay(merged).plot()
plt.show()

# %%
# The merges as a tree.

MergeTreeDisplay(merged).plot()
plt.show()

# %%
# The labels of the components, and those of the clusters. The density is the same in both.

fig, axes = plt.subplots(1, 2, figsize=(10, 4.5), sharex=True, sharey=True, layout="constrained")
shown = {
    f"{search.n_components_} components": search.labels_,
    f"{merged.n_clusters} clusters": merged.labels(),
}
for ax, (title, labels) in zip(axes, shown.items(), strict=True):
    for k in np.unique(labels):
        ax.scatter(*X[labels == k].T, s=10, color=COLORS[k], marker=MARKERS[k])
    ax.set_title(title)
    tidy(ax)
plt.show()
