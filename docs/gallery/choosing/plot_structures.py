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
# Two clusters with different volumes, shapes and orientations.

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
# for varying, I for the axes of the features, or for spheres.

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
fig, axes = plt.subplots(3, 5, figsize=(13, 8), sharex=True, sharey=True, layout="constrained")
for ax, (letters, name) in zip(axes.flat, names.items(), strict=False):
    model = GaussianMixture(2, covariance_type=name, random_state=0).fit(X)
    bic[name] = model.bic(X)
    MixtureDisplay.from_estimator(model, X, ax=ax)
    for legend in (ax.get_legend(), *fig.legends):
        if legend is not None:
            legend.remove()
    ax.set_title(f"{letters}  {name if name != letters else ''}\nBIC {bic[name]:.0f}", fontsize=10)
    ax.set_aspect("equal")
axes.flat[-1].set_axis_off()
plt.show()

# %%
# Two clusters that differ in volume, shape and orientation. The five smallest BICs:

for name in sorted(bic, key=bic.get)[:5]:
    print(f"{name:4} {bic[name]:.1f}")
