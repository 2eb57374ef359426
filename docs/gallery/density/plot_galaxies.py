"""
Speeds of 82 galaxies
=====================

How many groups do the galaxies of the Corona Borealis region form? A classical question: the
speeds are those of Postman, Huchra and Geller, as printed by Roeder (1990), "Density estimation
with confidence sets exemplified by superclusters and voids in the galaxies", Journal of the
American Statistical Association 85.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixtureIC, bootstrap_lrt
from gmmx.plotting import CriterionDisplay, MixtureDisplay

# %%
# Speeds in km/s, here in thousands of km/s.

# fmt: off
speeds = np.array([
    9172, 9350, 9483, 9558, 9775, 10227, 10406, 16084, 16170, 18419, 18552, 18600, 18927,
    19052, 19070, 19330, 19343, 19349, 19440, 19473, 19529, 19541, 19547, 19663, 19846,
    19856, 19863, 19914, 19918, 19973, 19989, 20166, 20175, 20179, 20196, 20215, 20221,
    20415, 20629, 20795, 20821, 20846, 20875, 20986, 21137, 21492, 21701, 21814, 21921,
    21960, 22185, 22209, 22242, 22249, 22314, 22374, 22495, 22746, 22747, 22888, 22914,
    23206, 23241, 23263, 23484, 23538, 23542, 23666, 23706, 23711, 24129, 24285, 24289,
    24366, 24717, 24990, 25633, 26960, 26995, 32065, 32789, 34279,
]) / 1000
# fmt: on
X = speeds[:, np.newaxis]
print(len(X), "galaxies")

# %%
# The search has two structures for one feature: one variance for all components, or a variance
# for each.

search = GaussianMixtureIC(1, 8, random_state=0).fit(X)
print(f"BIC: {search.n_components_} components, {search.covariance_type_}")

CriterionDisplay.from_estimator(search)
plt.show()

# %%
# The density of the best mixture, with its components in color.

MixtureDisplay.from_estimator(search, X, feature_names=["speed, 1000 km/s"])
plt.show()

# %%
# BIC ranks numbers of components. The bootstrap of the likelihood ratio asks whether chance
# explains each step.

test = bootstrap_lrt(
    X, covariance_type="spherical", max_components=6, n_bootstrap=99, random_state=0
)
print(test)
