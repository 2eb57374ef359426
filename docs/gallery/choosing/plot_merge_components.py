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
# A cross, a round cluster, and an arc: three clusters by eye. BIC needs seven components: two for
# the cross, one for the round cluster, and four for the arc.

rng = np.random.default_rng(0)
angle = rng.uniform(0, np.pi, 300)
arc = 6 * np.column_stack([np.cos(angle), np.sin(angle)])
X = np.concatenate(
    [
        rng.normal(size=(150, 2)) * [3.0, 0.3],
        rng.normal(size=(150, 2)) * [0.3, 3.0],
        arc + rng.normal(size=(300, 2)) * 0.4 + [16.0, -4.0],
        rng.normal(size=(150, 2)) * 0.8 + [8.0, 8.0],
    ]
)
search = GaussianMixtureIC(1, 9, covariance_type=["full", "VEV"], random_state=0).fit(X)
merged = merge_components(search, X)
print(f"BIC: {search.n_components_} components, {search.covariance_type_}")
print(merged)

# %%
# The two fitted lines suggest five clusters. The entropy itself falls to almost zero at three:
# from there on nothing overlaps any more. The suggestion is a place to start from, the picture
# decides.

EntropyDisplay(merged).plot()
plt.show()

# %%
# The merges as a tree: first the cross, then the arc piece by piece. The next merge would join
# clusters that do not overlap.

MergeTreeDisplay(merged).plot()
plt.show()

# %%
# The labels of the components, and those of the clusters. The density is the same in both.

fig, axes = plt.subplots(1, 2, figsize=(10, 4.5), sharex=True, sharey=True, layout="constrained")
shown = {
    f"{search.n_components_} components": search.labels_,
    "3 clusters": merged.labels(3),
}
for ax, (title, labels) in zip(axes, shown.items(), strict=True):
    for k in np.unique(labels):
        ax.scatter(*X[labels == k].T, s=10, color=COLORS[k], marker=MARKERS[k])
    ax.set_title(title)
    tidy(ax)
plt.show()
