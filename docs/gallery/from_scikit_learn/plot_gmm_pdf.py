"""
Density of a mixture
====================

scikit-learn's example *Density Estimation for a Gaussian mixture* draws the contours of a
fitted density. ``DensityDisplay`` draws them in one call.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixture
from gmmx.plotting import DensityDisplay

# %%
# A shifted round cluster and a stretched one, 300 samples each.

rng = np.random.default_rng(0)
shifted = rng.normal(20.0, 1.0, (300, 2))
stretched = rng.normal(size=(300, 2)) @ np.array([[0.0, -0.7], [3.5, 0.7]])
X = np.concatenate([shifted, stretched])
model = GaussianMixture(2, random_state=0).fit(X)
print("means:", model.means_.round(1).tolist())
print(f"mean log density of the samples: {model.score(X):.3f} nats")

# %%
# The contours.

DensityDisplay.from_estimator(model, X)
plt.show()
