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
# BIC counts Gaussian components, not cultivars, but here both numbers are three. Rows are
# cultivars, columns are components. Four wines are in the component of another cultivar.

table = np.array(
    [np.bincount(labels[wine.target == k], minlength=search.n_components_) for k in range(3)]
)
print(table)
print("wines in another component:", len(labels) - table.max(axis=1).sum())

# %%
# Four of the 13 features. Given the scaler, the mixture is drawn in the units of the data.

MixtureDisplay.from_estimator(
    search,
    wine.data.to_numpy(),
    scaler=scaler,
    features=["alcohol", "flavanoids", "color_intensity", "proline"],
    feature_names=wine.feature_names,
)
plt.show()
