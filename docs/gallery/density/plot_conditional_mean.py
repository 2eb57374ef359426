"""
Regression with a mixture
=========================

A mixture of (x, y) knows the distribution of y for each x. It is a mixture again, whose mean is
a curve of regression, and whose spread changes along it.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixtureIC
from gmmx.plotting import MixtureDisplay
from gmmx.plotting.style import COLORS, tidy

# %%
# A curve whose noise grows to the right.

rng = np.random.default_rng(0)
x = rng.uniform(0, 10, 1500)
y = np.sin(x) * x / 2 + rng.normal(size=1500) * (0.2 + 0.1 * x)
X = np.column_stack([x, y])
model = GaussianMixtureIC(2, 14, covariance_type="full", random_state=0).fit(X)
print(f"{model.n_components_} components")

# %%
# For one component y depends on x linearly: the slope is the covariance divided by the variance
# of x. The components are weighed by their probabilities given x, which are those of the
# mixture of x alone.


def conditional_moments(model, x):
    """Return mean and standard deviation of the second feature for values of the first one."""
    variance_x = model.covariances_[:, 0, 0]
    slope = model.covariances_[:, 0, 1] / variance_x
    rest = model.covariances_[:, 1, 1] - slope * model.covariances_[:, 0, 1]
    distance = x[:, np.newaxis] - model.means_[:, 0]
    log_weight = np.log(model.weights_ / np.sqrt(variance_x)) - distance**2 / (2 * variance_x)
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    means = model.means_[:, 1] + slope * distance
    mean = np.sum(weight * means, axis=1)
    second = np.sum(weight * (rest + means**2), axis=1)
    return mean, np.sqrt(second - mean**2)


grid = np.linspace(0.2, 9.8, 300)
mean, deviation = conditional_moments(model, grid)
truth = np.sin(grid) * grid / 2
print(f"root mean square error of the curve: {np.sqrt(np.mean((mean - truth) ** 2)):.3f}")

# %%
# The mixture on the left; on the right the conditional mean, with two conditional standard
# deviations on both sides.

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 5), sharey=True, layout="constrained")
MixtureDisplay.from_estimator(model, X, ax=left, feature_names=["x", "y"])
right.plot(x, y, ".", color="0.75", markersize=3)
right.fill_between(
    grid, mean - 2 * deviation, mean + 2 * deviation, color=COLORS[4], alpha=0.4, linewidth=0
)
right.plot(grid, truth, "--", color="black", label="truth")
right.plot(grid, mean, color=COLORS[5], label="conditional mean")
right.set(xlabel="x")
right.legend(loc="upper left")
tidy(right)
plt.show()
