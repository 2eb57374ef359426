"""
A sine curve, with and without a prior
======================================

scikit-learn's example *Gaussian Mixture Model Sine Curve*: ten components describe a noisy sine
curve, which is no Gaussian mixture. The prior of a Bayesian mixture decides how many components
are used.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import BayesianGaussianMixture, GaussianMixture
from gmmx.plotting import MixtureDisplay
from gmmx.plotting.style import tidy

# %%
# One hundred samples along two periods.

rng = np.random.default_rng(0)
phase = np.linspace(0, 4 * np.pi, 100, endpoint=False)
x = phase - 6.0
X = np.column_stack([x + rng.normal(0, 0.1, 100), 3.0 * (np.sin(x) + rng.normal(0, 0.2, 100))])

# %%
# The three models of the example. A low weight of the prior, 0.01, prefers few components, and
# a high one, 100, spreads the samples over many.

prior = {
    "n_components": 10,
    "covariance_prior": np.eye(2),
    "mean_precision_prior": 0.01,
    "max_iter": 2000,
    "random_state": 0,
}
models = {
    "EM": GaussianMixture(10, max_iter=1000, random_state=0),
    "Bayesian, concentration 0.01": BayesianGaussianMixture(
        weight_concentration_prior=0.01, init_params="random", **prior
    ),
    "Bayesian, concentration 100": BayesianGaussianMixture(
        weight_concentration_prior=100.0, init_params="kmeans", **prior
    ),
}
for name, model in models.items():
    weights = model.fit(X).weights_
    print(f"{name:29} {np.sum(weights > 0.01)} components above 1 %")

# %%
# The samples with the mixtures are on the left, samples drawn from the mixtures on the right. If
# both look alike, a mixture can stand for the data.

fig, axes = plt.subplots(3, 2, figsize=(10, 9), sharex=True, sharey=True, layout="constrained")
for (left, right), (name, model) in zip(axes, models.items(), strict=True):
    MixtureDisplay.from_estimator(model, X, ax=left)
    drawn, _ = model.sample(2000)
    right.plot(*drawn.T, ".", color="0.3", markersize=2)
    tidy(right)
    left.set(title=name, ylim=(-7, 7))
    right.set_title("2,000 samples of it")
plt.show()
