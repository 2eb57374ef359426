"""
Marbles by color
================

An image of marbles, drawn by this script, is cut into colors whose number is not given. A
marble is no single color: it is lit from one side, so that its pixels form a long cluster in
the space of colors.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter

from gmmx import GaussianMixtureIC

# %%
# Thirty marbles of five colors on a gray table, with shading, a little blur and noise.

rng = np.random.default_rng(3)
height, width = 120, 180
palette = np.array(
    [
        [0.80, 0.15, 0.15],
        [0.15, 0.35, 0.80],
        [0.90, 0.75, 0.15],
        [0.15, 0.60, 0.30],
        [0.55, 0.25, 0.6],
    ]
)
rows, columns = np.mgrid[:height, :width]
image = np.full((height, width, 3), 0.85) - 0.0005 * columns[..., np.newaxis]
for i in range(30):
    center, radius = rng.uniform([10, 10], [height - 10, width - 10]), rng.uniform(7, 12)
    y, x = (rows - center[0]) / radius, (columns - center[1]) / radius
    depth = np.sqrt(np.maximum(1 - x**2 - y**2, 0))
    light = 0.45 + 0.6 * np.maximum(0.6 * depth - 0.5 * x - 0.6 * y, 0)
    inside = x**2 + y**2 < 1
    image[inside] = light[inside, np.newaxis] * palette[i % 5]
image = gaussian_filter(image, (0.6, 0.6, 0)) + rng.normal(0, 0.015, image.shape)
X = image.reshape(-1, 3)

# %%
# The search fits up to nine components to a random sample of 3,000 pixels. ICL counts clusters
# that hardly overlap.

subset = X[rng.choice(len(X), 3000, replace=False)]
search = GaussianMixtureIC(
    2, 9, covariance_type=["full", "EEV", "VEV"], criterion="icl", n_init=4, random_state=0
).fit(subset)
print(f"{search.n_components_} components, {search.covariance_type_}")

# %%
# All pixels are predicted with the mixture of the sample. A segment is drawn in its mean color.
# Uncertain pixels lie at the borders of marbles, where two colors blend.

labels = search.predict(X)
uncertainty = 1 - search.predict_proba(X).max(axis=1)
print(f"pixels with an uncertainty above 10 %: {np.mean(uncertainty > 0.1):.1%}")

fig, axes = plt.subplots(1, 3, figsize=(13, 3.4), layout="constrained")
axes[0].imshow(image.clip(0, 1))
axes[1].imshow(search.means_[labels].reshape(image.shape).clip(0, 1))
shown = axes[2].imshow(uncertainty.reshape(height, width), cmap="magma", vmin=0, vmax=0.5)
fig.colorbar(shown, ax=axes[2], label="1 - largest probability")
titles = ("image", f"{search.n_components_} segments", "uncertainty")
for ax, title in zip(axes, titles, strict=True):
    ax.set_title(title)
    ax.set_axis_off()
plt.show()

# %%
# The pixels in the plane of red and blue, in the mean colors of their segments.

fig, ax = plt.subplots(layout="constrained")
ax.scatter(subset[:, 0], subset[:, 2], s=4, c=search.means_[search.labels_].clip(0, 1))
ax.plot(search.means_[:, 0], search.means_[:, 2], "kX", markersize=9, markerfacecolor="white")
ax.set(xlabel="red", ylabel="blue", title="Crosses: means of the components")
plt.show()
