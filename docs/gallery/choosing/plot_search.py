"""
A search over fourteen structures
=================================

How many components, and which structure of their covariances? ``GaussianMixtureIC`` fits all
pairs and keeps the one of least BIC. More about this: :doc:`/choosing_the_model`.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixtureIC
from gmmx.plotting import CriterionDisplay, MixtureDisplay

# %%
# Three clusters of equal volume and shape that point in three directions: structure ``EEV``.

rng = np.random.default_rng(0)
clusters = []
for angle, center in zip(np.deg2rad([0, 60, 120]), [[0, 0], [8, 2], [2, 8]], strict=True):
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    clusters.append((rng.normal(size=(150, 2)) * [2.5, 0.6]) @ turn + center)
X = np.concatenate(clusters)

# %%
# The search. It finds the number and the structure.

search = GaussianMixtureIC(1, 6, random_state=0).fit(X)
print(f"{search.n_components_} components, {search.covariance_type_}, BIC {search.criterion_:.1f}")

CriterionDisplay.from_estimator(search)
plt.show()

# %%
# The five best of the 84 mixtures. BIC counts parameters: with three components ``VEV`` has two
# more than ``EEV`` and a higher likelihood, but not by enough.

results = search.results_
for i in np.argsort(results["bic"])[:5]:
    print(
        f"{results['n_components'][i]} {results['covariance_type'][i]:4} "
        f"{results['n_parameters'][i]:2} parameters, BIC {results['bic'][i]:.1f}, "
        f"log-likelihood {results['log_likelihood'][i]:.1f}"
    )

# %%
# The chosen mixture. The search is a mixture itself, so that displays and predictions take it.

MixtureDisplay.from_estimator(search, X)
plt.show()
