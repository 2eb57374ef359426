"""
Spurious maxima, and how the search refuses them
================================================

The likelihood of a mixture has no upper bound: a component that shrinks onto a few equal values
gains more likelihood than the other components lose. Such a maximum says nothing about the
data. More about this: :doc:`/choosing_the_model`.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixture, GaussianMixtureIC
from gmmx.plotting.style import COLORS, tidy

# %%
# Heights in whole centimeters, of one group of people. For 20 of them the height was unknown,
# and somebody entered 190.

rng = np.random.default_rng(0)
heights = np.round(rng.normal(172, 8, 280))
heights = np.concatenate([heights, np.full(20, 190.0)])[:, np.newaxis]

# %%
# BIC alone is deceived. The start ``"small-em"`` finds large likelihoods, and a mixture with a
# component of no width at 190 wins by far.

models = [
    GaussianMixture(k, init_params="small-em", max_iter=1000, random_state=0).fit(heights)
    for k in range(1, 4)
]
bic = [model.bic(heights) for model in models]
print("BIC of 1, 2 and 3 components:", np.round(bic))

# %%
# The search refuses a component that is narrower than the spacing of the values, and says why.

search = GaussianMixtureIC(1, 3, covariance_type="spherical", random_state=0).fit(heights)
for k, reason in zip(search.results_["n_components"], search.results_["refused"], strict=True):
    print(k, "refused: " + reason if reason else "ranked")
print("chosen:", search.n_components_)

# %%
# The spurious density has a spike at 190 that no measured height could have.

spurious = models[int(np.argmin(bic))]
grid = np.union1d(np.linspace(140, 205, 1000), np.linspace(189.9, 190.1, 500))
fig, ax = plt.subplots(layout="constrained")
ax.hist(heights[:, 0], np.arange(139.5, 206), density=True, color="0.85", label="heights")
for model, color, style, label in (
    (spurious, COLORS[5], "--", "least BIC, without the rule"),
    (search, COLORS[0], "-", "search"),
):
    ax.plot(grid, np.exp(model.score_samples(grid[:, np.newaxis])), style, color=color, label=label)
ax.set(ylim=(0, 0.15), xlabel="height, cm", ylabel="density")
ax.legend(loc="upper left")
tidy(ax)
plt.show()
