"""
Three cultivars of wine, without their labels
=============================================

178 wines from three cultivars, described by 13 chemical measures. The search is told neither
the number of classes nor the class of any wine.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gmmx import GaussianMixtureIC
from gmmx.plotting import CriterionDisplay, MixtureDisplay

# %%
# With 13 features and 178 samples only structures with few parameters are worth a search. The
# search is the last step of a pipeline, like any estimator of scikit-learn.

wine = load_wine(as_frame=True)
structures = ["diag", "EVI", "EVE", "VVE"]
pipeline = make_pipeline(
    StandardScaler(),
    GaussianMixtureIC(1, 6, covariance_type=structures, random_state=0),
)
labels = pipeline.fit_predict(wine.data.to_numpy())
scaler, search = pipeline
print(f"{search.n_components_} components, {search.covariance_type_}")

CriterionDisplay.from_estimator(search)
plt.show()

# %%
# Rows are cultivars, columns are components. BIC counts Gaussian components, not cultivars: the
# second cultivar is no single Gaussian, and takes three of the five.

print(
    np.array(
        [np.bincount(labels[wine.target == k], minlength=search.n_components_) for k in range(3)]
    )
)

# %%
# Told that there are three classes, the search only chooses the structure. Four wines are in
# the component of another cultivar.

three = GaussianMixtureIC(3, 3, covariance_type=structures, random_state=0)
labels = three.fit_predict(scaler.transform(wine.data.to_numpy()))
table = np.array([np.bincount(labels[wine.target == k], minlength=3) for k in range(3)])
print(three.covariance_type_)
print(table)
print("wines in another component:", len(labels) - table.max(axis=1).sum())

# %%
# Four of the 13 features. Given the scaler, the mixture is drawn in the units of the data.

MixtureDisplay.from_estimator(
    three,
    wine.data.to_numpy(),
    scaler=scaler,
    features=["alcohol", "flavanoids", "color_intensity", "proline"],
    feature_names=wine.feature_names,
)
plt.show()
