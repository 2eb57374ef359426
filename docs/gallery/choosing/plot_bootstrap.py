"""
How far would the parameters move?
==================================

A fit returns one set of parameters. The bootstrap fits the mixture again to many samples that
could have been drawn in place of the data, and shows how far the parameters move.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixture, bootstrap
from gmmx.plotting import BootstrapDisplay
from gmmx.plotting.style import COLORS, tidy

# %%
# Two overlapping clusters of one feature.

rng = np.random.default_rng(0)
X = np.concatenate([rng.normal(0, 1, (200, 1)), rng.normal(3.5, 1, (100, 1))])
model = GaussianMixture(2, random_state=0).fit(X)
result = bootstrap(model, X, n_bootstrap=300, random_state=0)
print(result)

# %%
# The means of the refits, with the estimate and the interval of 95 %.

_, ax = plt.subplots(figsize=(7, 5), layout="constrained")
BootstrapDisplay(result).plot(ax, parameter="means")
plt.show()

# %%
# Functions of the parameters have draws, too: here the whole density. The band holds 95 % of
# the 300 densities at each place.

grid = np.linspace(-4, 8, 300)[:, np.newaxis]
densities = []
for weights, means, covariances in zip(
    result.weights.draws, result.means.draws, result.covariances.draws, strict=True
):
    drawn = GaussianMixture.from_parameters(weights, means, covariances)
    densities.append(np.exp(drawn.score_samples(grid)))
lower, upper = np.quantile(densities, [0.025, 0.975], axis=0)

fig, ax = plt.subplots(layout="constrained")
ax.hist(X[:, 0], bins=40, density=True, color="0.88")
ax.fill_between(grid[:, 0], lower, upper, color=COLORS[4], alpha=0.5, label="95 % of the refits")
ax.plot(grid[:, 0], np.exp(model.score_samples(grid)), color=COLORS[0], label="fit to the data")
ax.set(xlabel="x0", ylabel="density")
ax.legend()
tidy(ax)
plt.show()
