"""
Where k-means goes wrong and a mixture does not
===============================================

scikit-learn's example *Demonstration of k-means assumptions* ends with the advice to use a
mixture for clusters that are long or of unequal width. Here is the comparison.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from gmmx import GaussianMixtureIC
from gmmx.plotting.style import COLORS, MARKERS, tidy

# %%
# Two of the example's data sets: long clusters and unequal variances.

X, y = make_blobs(n_samples=600, random_state=170)
long = X @ np.array([[0.60834549, -0.63667341], [-0.40887718, 0.85253229]])
varied, y_varied = make_blobs(n_samples=600, cluster_std=[1.0, 2.5, 0.5], random_state=170)
names = ["spherical", "diag", "tied", "full"]
data_sets = {"long clusters": (long, y), "unequal variances": (varied, y_varied)}

# %%
# k-means is told the number of clusters. The search for the mixture chooses the number, from
# one to five, and one of four structures itself. The adjusted Rand index is 1 where all labels
# are right.

fig, axes = plt.subplots(2, 2, figsize=(9, 8), layout="constrained")
for column, (name, (samples, truth)) in zip(axes.T, data_sets.items(), strict=True):
    search = GaussianMixtureIC(1, 5, covariance_type=names, random_state=0).fit(samples)
    labels = {
        "k-means": KMeans(3, n_init=10, random_state=0).fit_predict(samples),
        f"{search.n_components_} components, {search.covariance_type_}": search.labels_,
    }
    for ax, (method, predicted) in zip(column, labels.items(), strict=True):
        index = adjusted_rand_score(truth, predicted)
        for k in np.unique(predicted):
            ax.plot(*samples[predicted == k].T, MARKERS[k], color=COLORS[k], markersize=3)
        ax.set_title(f"{name}\n{method}: index {index:.3f}", fontsize=10)
        tidy(ax)
        print(f"{name:17} {method:22} {index:.3f}")
plt.show()
