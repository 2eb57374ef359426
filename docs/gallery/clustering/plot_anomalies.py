"""
Anomalies below a threshold
===========================

A machine runs in three modes, and each has its usual pressure and temperature. A sample is
suspicious if its density under the mixture of ordinary samples is low. More about this:
:doc:`/anomaly_detection`.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixture
from gmmx.plotting.style import COLORS, tidy

# %%
# 6,000 ordinary samples for the fit, and as many for the threshold: a model fits its own
# samples a little better than new ones.

rng = np.random.default_rng(0)
modes = np.array([[1.0, 20.0], [4.0, 60.0], [6.0, 45.0]])


def ordinary(n):
    """Return samples of the three modes."""
    return modes[rng.integers(3, size=n)] + rng.normal(size=(n, 2)) * [0.3, 3.0]


model = GaussianMixture(3, means_init=modes, random_state=0).fit(ordinary(6000))
threshold = model.outlier_threshold(ordinary(6000), quantile=0.005)
print(f"threshold: {threshold:.2f} nats")

# %%
# A new day: 2,000 ordinary samples and 20 faults. The faults have ordinary pressures and
# ordinary temperatures, but not together, so that limits for each feature would not find them.

faults = rng.uniform([0.5, 15.0], [6.5, 65.0], (200, 2))
faults = faults[np.min(np.linalg.norm((faults[:, None] - modes) / [0.3, 3.0], axis=2), axis=1) > 4]
X = np.concatenate([ordinary(2000), faults[:20]])
is_fault = np.arange(len(X)) >= 2000
scores = model.score_samples(X)
is_alarm = scores < threshold
print(f"faults found: {np.sum(is_alarm & is_fault)} of 20")
print(f"false alarms: {np.mean(is_alarm[~is_fault]):.2%}, expected: 0.50 %")

# %%
# The border of the alarms is a contour of the density. On the right, the log densities of both
# kinds: the threshold lies above all faults, and 0.5 % of the ordinary samples lie below it.

grid = np.meshgrid(np.linspace(-0.5, 7.5, 300), np.linspace(5, 75, 300))
density = model.score_samples(np.column_stack([axis.ravel() for axis in grid]))
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
left.contour(
    *grid, density.reshape(300, 300), levels=[threshold], colors="black", linestyles="solid"
)
bins = np.linspace(scores.min(), scores.max(), 80)
for chosen, label, color, marker in (
    (~is_fault, "ordinary", COLORS[0], "."),
    (is_fault, "fault", COLORS[5], "X"),
):
    left.plot(*X[chosen].T, marker, color=color, markersize=4 if marker == "." else 8)
    right.hist(scores[chosen], bins, color=color, label=label)
left.set(xlabel="pressure, bar", ylabel="temperature, °C", title="black line: threshold")
right.axvline(threshold, color="black", label="threshold")
right.set(yscale="log", xlabel="log density, nats", ylabel="samples")
right.legend(loc="upper left")
tidy(left)
tidy(right)
plt.show()
