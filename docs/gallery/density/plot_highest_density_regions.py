"""
Highest-density regions
=======================

The smallest region that holds 50 % of the probability is the set of points above some density.
Where clusters are apart, it falls into parts, unlike an interval or an ellipse.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixture
from gmmx.plotting import DensityDisplay

# %%
# A banana of samples and a cluster beside it.

rng = np.random.default_rng(0)
angle = rng.uniform(0.1 * np.pi, 0.9 * np.pi, 1500)
banana = 5 * np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(size=(1500, 2)) * 0.5
X = np.concatenate([banana, rng.normal([0.0, 0.5], 0.6, (500, 2))])
model = GaussianMixture(6, n_init=3, random_state=0).fit(X)

# %%
# Regions of 25, 50 and 75 % of the probability.

DensityDisplay.from_estimator(model, X, kind="hdr")
plt.show()

# %%
# The density at the border of a region is a quantile of the density of samples of the model,
# since a share of the samples lies in the region. The training samples themselves confirm it:
# about as many of them lie inside.

drawn, _ = model.sample(100_000)
for share in (0.25, 0.5, 0.75):
    border = np.quantile(model.score_samples(drawn), 1 - share)
    inside = np.mean(model.score_samples(X) > border)
    print(f"region of {share:.0%}: {inside:.1%} of the training samples")
