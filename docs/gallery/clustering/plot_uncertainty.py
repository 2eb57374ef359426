"""
Samples whose cluster is uncertain
==================================

A mixture gives each sample a probability for each component. One minus the largest of them is
the probability that the label is wrong, if the mixture is right.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixture
from gmmx.plotting import UncertaintyDisplay

# %%
# Three clusters; two of them overlap.

rng = np.random.default_rng(0)
centers = np.array([[0.0, 0.0], [3.0, 0.0], [1.0, 7.0]])
truth = rng.integers(3, size=900)
X = centers[truth] + rng.normal(size=(900, 2)) * [1.0, 1.2]
model = GaussianMixture(3, means_init=centers, random_state=0).fit(X)

# %%
# Large marks are uncertain samples. They lie between two clusters. A sample far from all
# clusters is not uncertain: the probability compares components, and does not tell whether a
# sample fits any.

UncertaintyDisplay.from_estimator(model, X)
plt.show()

# %%
# The sorted curve shows how many samples are uncertain.

UncertaintyDisplay.from_estimator(model, X, kind="curve")
plt.show()

# %%
# The mean uncertainty predicts the share of wrong labels.

uncertainty = 1 - model.predict_proba(X).max(axis=1)
wrong = model.predict(X) != truth
print(f"predicted share of wrong labels: {uncertainty.mean():.1%}, true share: {wrong.mean():.1%}")
for low, high in ((0, 0.05), (0.05, 0.2), (0.2, 0.5)):
    chosen = (uncertainty >= low) & (uncertainty < high)
    print(
        f"uncertainty {low:4.0%} to {high:3.0%}: {chosen.sum():3} samples, "
        f"wrong: {wrong[chosen].mean():.1%}"
    )
