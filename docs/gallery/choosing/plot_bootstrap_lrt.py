"""
Is one more component chance?
=============================

One component more always raises the likelihood. The bootstrap of the likelihood ratio draws
samples from the smaller mixture and measures the gain of one component more in them, which is due
to chance alone. More about this: :doc:`/how_sure`.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import bootstrap_lrt
from gmmx.plotting import BootstrapLRTDisplay, MixtureDisplay

# %%
# Two clusters of 120 and 80 samples.

rng = np.random.default_rng(0)
X = np.concatenate([rng.normal(0, 1, (120, 2)), rng.normal(4, 1, (80, 2))])

# %%
# Each test compares K with K + 1 components, and the tests end with the first K that is not
# rejected. With 199 draws the smallest possible p-value is 1 / 200.

result = bootstrap_lrt(X, covariance_type="tied", max_components=4, n_bootstrap=199, random_state=0)
print(result)

# %%
# One component is rejected: the ratio of the data lies far to the right of all draws. Two
# components are not: the ratio lies among the draws.

BootstrapLRTDisplay(result).plot()
plt.show()

# %%
# The result holds the fitted mixture with the selected number of components.

MixtureDisplay.from_estimator(result.model, X)
plt.show()
