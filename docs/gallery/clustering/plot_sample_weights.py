"""
Weights of samples
==================

A sample of weight 2 counts as two equal samples, and a sample of weight 0 is left out. Weights
correct a survey that asked one group more often than another. More about this: :doc:`/weights`.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixture
from gmmx.plotting import MixtureDisplay

# %%
# In the population the two groups are equally large. The survey reached 400 of the first and 50
# of the second.

rng = np.random.default_rng(0)
X = np.concatenate([rng.normal(0, 1, (400, 2)), rng.normal([3.0, 3.0], 1.0, (50, 2))])
group = np.repeat([0, 1], [400, 50])
weight = np.where(group == 0, 450 / 2 / 400, 450 / 2 / 50)

# %%
# With the weights, which sum to the number of samples, both components have about half of the
# population.

models = {
    "without weights": GaussianMixture(2, random_state=0).fit(X),
    "with weights": GaussianMixture(2, random_state=0).fit(X, sample_weight=weight),
}
for name, model in models.items():
    print(f"{name:15} weights of the components: {np.sort(model.weights_).round(3)}")

fig, axes = plt.subplots(1, 2, figsize=(10, 4.5), sharex=True, sharey=True, layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    MixtureDisplay.from_estimator(model, X, ax=ax)
    ax.set_title(f"{name}: {np.sort(model.weights_)[0]:.0%} and {np.sort(model.weights_)[1]:.0%}")
plt.show()

# %%
# Whole weights are repetitions: the fit equals that of repeated rows, and a weight of 0 leaves
# a row out.

counts = rng.integers(0, 4, size=len(X))
start = {"means_init": [[0.0, 0.0], [3.0, 3.0]], "precisions_init": [np.eye(2)] * 2}
start["weights_init"] = [0.5, 0.5]
weighted = GaussianMixture(2, **start).fit(X, sample_weight=counts)
repeated = GaussianMixture(2, **start).fit(np.repeat(X, counts, axis=0))
np.testing.assert_allclose(weighted.covariances_, repeated.covariances_, rtol=1e-9)
print("largest difference of the means:", np.abs(weighted.means_ - repeated.means_).max())
