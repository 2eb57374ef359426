"""
Classes of wine, without their labels
=====================================

178 wines from three cultivars, described by 13 chemical measures. The search is told neither
the number of classes nor the class of any wine.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gmmx import GaussianMixtureIC
from gmmx.plotting import MixtureDisplay

# %%
# With 13 features and 178 samples only structures with few parameters are worth a search. The
# search is a step of a pipeline, like any estimator of scikit-learn.

wine = load_wine()
pipeline = make_pipeline(
    StandardScaler(),
    GaussianMixtureIC(
        1, 6, covariance_type=["diag", "EVI", "VEI", "tied", "EVE", "VVE"], random_state=0
    ),
)
labels = pipeline.fit_predict(wine.data)
search = pipeline[-1]
print(f"{search.n_components_} components, {search.covariance_type_}")
print(f"adjusted Rand index with the cultivars: {adjusted_rand_score(wine.target, labels):.3f}")

# %%
# Rows are cultivars, columns are components.

table = np.array(
    [np.bincount(labels[wine.target == k], minlength=search.n_components_) for k in range(3)]
)
print(table)

# %%
# Four of the 13 features, for a mixture of these four.

chosen = [0, 6, 9, 12]
X = StandardScaler().fit_transform(wine.data[:, chosen])
names = [wine.feature_names[d] for d in chosen]
small = GaussianMixtureIC(
    3, 3, covariance_type=["diag", "EVI", "VEI", "tied", "EVE", "VVE"], random_state=0
).fit(X)
MixtureDisplay.from_estimator(small, X, feature_names=names)
plt.show()
