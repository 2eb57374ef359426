"""
Ellipsoids of a mixture and of a Bayesian mixture
=================================================

scikit-learn's example *Gaussian Mixture Model Ellipsoids*: two clusters, and two mixtures of
five components. EM uses all five, since more components never lower the likelihood. A Bayesian
mixture with a Dirichlet process empties the components that it does not need.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import BayesianGaussianMixture, GaussianMixture
from gmmx.plotting import MixtureDisplay

# %%
# A rotated and stretched cluster, and a round one, of 500 samples each.

rng = np.random.default_rng(0)
stretched = rng.normal(size=(500, 2)) @ np.array([[0.0, -0.1], [1.7, 0.4]])
rounded = 0.7 * rng.normal(size=(500, 2)) + [-6.0, 3.0]
X = np.concatenate([stretched, rounded])

# %%
# Both mixtures get five components.

models = {
    "GaussianMixture": GaussianMixture(5, random_state=0).fit(X),
    "BayesianGaussianMixture": BayesianGaussianMixture(
        n_components=5, max_iter=1000, random_state=0
    ).fit(X),
}
for name, model in models.items():
    print(f"{name:24} weights: {np.sort(model.weights_)[::-1].round(3)}")

# %%
# The ellipses of a ``MixtureDisplay`` hold 50 % and 95 % of the probability of a component.
# Empty components of a Bayesian mixture are not drawn.

fig, axes = plt.subplots(1, 2, figsize=(10, 4.5), sharex=True, sharey=True, layout="constrained")
shown = {
    "GaussianMixture: five components": models["GaussianMixture"],
    "BayesianGaussianMixture: two of five": models["BayesianGaussianMixture"],
}
for ax, (title, model) in zip(axes, shown.items(), strict=True):
    MixtureDisplay.from_estimator(model, X, ax=ax)
    ax.set_title(title)
plt.show()
