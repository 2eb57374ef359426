"""
Lines of a spectrum
===================

A spectrum is a histogram: a count for each channel. The channels are the samples and the counts
their weights, so that a fit takes the time of 600 samples and not of 101,000 photons.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixture
from gmmx.plotting.style import COLORS, tidy

# %%
# A simulated spectrum: three emission lines, of which two overlap, and a wide band below them.

rng = np.random.default_rng(0)
lines = {
    "center": [512.0, 519.0, 548.0],
    "width": [2.0, 2.5, 1.5],
    "photons": [30_000, 15_000, 6000],
}
photons = [rng.normal(530.0, 15.0, 50_000)]
photons += [rng.normal(*line) for line in zip(*lines.values(), strict=True)]
edges = np.linspace(470, 590, 601)
counts, _ = np.histogram(np.concatenate(photons), edges)
wavelengths = (edges[:-1] + edges[1:]) / 2

# %%
# Each channel counts as often as it has photons. The starting values are rough guesses by eye.

model = GaussianMixture(
    4,
    covariance_type="spherical",
    weights_init=[0.4, 0.2, 0.2, 0.2],
    means_init=[[530.0], [510.0], [522.0], [550.0]],
    precisions_init=[1 / 400, 1 / 9, 1 / 9, 1 / 9],
    tol=1e-8,
    max_iter=2000,
).fit(wavelengths[:, np.newaxis], sample_weight=counts)

# %%
# The fitted lines. Two of them overlap, and still their photons are told apart.

widths = np.sqrt(model.covariances_)
total = counts.sum()
for k in range(1, 4):
    print(
        f"line at {model.means_[k, 0]:.2f} nm (true {lines['center'][k - 1]:.2f}), width "
        f"{widths[k]:.2f} nm (true {lines['width'][k - 1]:.2f}), "
        f"{total * model.weights_[k]:,.0f} photons (true {lines['photons'][k - 1]:,})"
    )

# %%
# The counts with the mixture and its components, all in photons for a channel.

channel = edges[1] - edges[0]
scores = model.score_components(wavelengths[:, np.newaxis]) + np.log(model.weights_)
components = total * channel * np.exp(scores)

fig, ax = plt.subplots(figsize=(9, 4.5), layout="constrained")
ax.stairs(counts, edges, fill=True, color="0.85", label="counts")
names = ["band", "line 1", "line 2", "line 3"]
styles = [":", "--", "-.", (0, (5, 1))]
for values, name, style, color in zip(components.T, names, styles, COLORS[1:], strict=False):
    ax.plot(wavelengths, values, linestyle=style, color=color, label=name)
ax.plot(wavelengths, components.sum(axis=1), color=COLORS[0], label="mixture")
ax.set(xlabel="wavelength, nm", ylabel="photons in a channel")
ax.legend()
tidy(ax)
plt.show()
