"""
The fourteen structures in pictures
===================================

A covariance is a product of volume, shape and orientation. A structure tells which of the three
the components share. Here all fourteen are fitted to the same samples.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixture
from gmmx.plotting import MixtureDisplay

# %%
# Two clusters of nearly equal volumes, but different shapes and orientations.

rng = np.random.default_rng(0)
turn = np.array([[0.5, 0.866], [-0.866, 0.5]])
X = np.concatenate(
    [
        (rng.normal(size=(120, 2)) * [2.4, 0.5]) @ turn,
        rng.normal(size=(120, 2)) * [1.4, 0.9] + [6.0, 1.0],
    ]
)

# %%
# In the names of R's mclust the letters stand for volume, shape and orientation: E for equal, V
# for varying, I for the axes of the features, or for spheres. The page
# :doc:`/covariance_structures` has the formulas. The ellipses hold 50 % and 95 % of a
# component.

names = {
    "EII": "tied-spherical",
    "VII": "spherical",
    "EEI": "tied-diag",
    "VEI": "VEI",
    "EVI": "EVI",
    "VVI": "diag",
    "EEE": "tied",
    "VEE": "VEE",
    "EVE": "EVE",
    "VVE": "VVE",
    "EEV": "EEV",
    "VEV": "VEV",
    "EVV": "EVV",
    "VVV": "full",
}
bic = {}
fig, axes = plt.subplots(3, 5, figsize=(12, 8), sharex=True, sharey=True, layout="constrained")
for ax, (letters, name) in zip(axes.flat, names.items(), strict=False):
    model = GaussianMixture(2, covariance_type=name, means_init=[[0, 0], [6, 1]]).fit(X)
    bic[name] = model.bic(X)
    display = MixtureDisplay.from_estimator(model, X, ax=ax)
    display.legend_.remove()  # fourteen times the same
    display.note_.remove()
    ax.set_title(f"{letters}  {name if name != letters else ''}\nBIC {bic[name]:.0f}", fontsize=10)
    ax.label_outer()
    ax.set_aspect("equal")
axes.flat[-1].set_axis_off()
plt.show()

# %%
# The five smallest BICs. The best structure shares the volume, and lets shape and orientation
# vary.

for name in sorted(bic, key=bic.get)[:5]:
    print(f"{name:4} {bic[name]:.1f}")
