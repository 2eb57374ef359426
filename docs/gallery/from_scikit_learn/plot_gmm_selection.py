"""
Selection of a mixture by BIC
=============================

scikit-learn's example *Gaussian Mixture Model Selection* searches the number of components and
the covariance type with ``GridSearchCV`` and a scoring function of its own.
``GaussianMixtureIC`` does the search in one call.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV

from gmmx import GaussianMixture, GaussianMixtureIC
from gmmx.plotting import CriterionDisplay, MixtureDisplay

# %%
# The data of the example: a stretched cluster and a round one.

rng = np.random.default_rng(0)
stretched = rng.normal(size=(500, 2)) @ np.array([[0.0, -0.1], [1.7, 0.4]])
rounded = 0.7 * rng.normal(size=(500, 2)) + [-4.0, 1.0]
X = np.concatenate([stretched, rounded])

# %%
# One to six components, the four covariance types of scikit-learn. ``covariance_type="all"``
# would search all fourteen structures.

names = ["spherical", "tied", "diag", "full"]
search = GaussianMixtureIC(1, 6, covariance_type=names, random_state=0).fit(X)
print(f"{search.n_components_} components, {search.covariance_type_}, BIC {search.criterion_:.1f}")

CriterionDisplay.from_estimator(search)
plt.show()

# %%
# ``GridSearchCV`` with the scoring function of the example works with gmmx as well, and chooses
# the same mixture. It fits each mixture to parts of the samples.


def negative_bic(estimator, X):
    """Return the negative BIC, since GridSearchCV maximizes."""
    return -estimator.bic(X)


grid = GridSearchCV(
    GaussianMixture(random_state=0),
    {"n_components": range(1, 7), "covariance_type": names},
    scoring=negative_bic,
).fit(X)
print("GridSearchCV:", grid.best_params_)

# %%
# The chosen mixture.

MixtureDisplay.from_estimator(search, X)
plt.show()
