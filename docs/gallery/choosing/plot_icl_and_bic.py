"""
BIC counts components, ICL counts clusters
==========================================

BIC prefers the mixture that describes the density best. ICL adds the uncertainty of the labels,
and so prefers components that hardly overlap.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixtureIC
from gmmx.plotting import MixtureDisplay
from gmmx.plotting.style import COLORS, tidy

# %%
# One cluster that is not Gaussian, made of a narrow and a wide part, and one cluster apart from
# it.

rng = np.random.default_rng(0)
X = np.concatenate(
    [
        rng.normal(0.0, 1.0, (200, 2)),
        rng.normal(1.5, 2.0, (200, 2)),
        rng.normal([14.0, 0.0], 1.0, (150, 2)),
    ]
)

# %%
# Both searches fit the same mixtures, and choose by another column of ``results_``.

searches = {
    criterion: GaussianMixtureIC(
        1, 6, covariance_type="spherical", criterion=criterion, random_state=0
    ).fit(X)
    for criterion in ("bic", "icl")
}
for criterion, search in searches.items():
    print(f"{criterion}: {search.n_components_} components")

# %%
# The criteria over the number of components. ICL is BIC minus twice the sum, over the samples, of
# the logarithm of the largest probability. This sum is 0 if all labels are certain.

results = searches["bic"].results_
fig, ax = plt.subplots(layout="constrained")
for (criterion, search), color, marker in zip(searches.items(), COLORS, "os", strict=False):
    ax.plot(results["n_components"], results[criterion], color=color, marker=marker)
    best = search.n_components_
    ax.plot(best, search.criterion_, marker, color=color, markersize=12, label=criterion.upper())
ax.set(xlabel="number of components", ylabel="criterion, smaller is better")
ax.legend(title="large: the best")
tidy(ax)
plt.show()

# %%
# What each of them chooses.

fig, axes = plt.subplots(1, 2, figsize=(10, 4.5), sharex=True, sharey=True, layout="constrained")
for ax, (criterion, search) in zip(axes, searches.items(), strict=True):
    MixtureDisplay.from_estimator(search, X, ax=ax)
    ax.set_title(f"{criterion.upper()}: {search.n_components_} components")
plt.show()
