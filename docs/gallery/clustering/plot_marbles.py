"""
Marbles by color
================

An image of marbles, drawn by this script, is cut into colors whose number is not given. A
marble is no single color: it is lit from one side, so that its pixels form a long cluster in
the space of colors, and at its border the pixels blend with the table.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter

from gmmx import GaussianMixtureIC, merge_components
from gmmx.plotting import EntropyDisplay

# %%
# Marbles of five colors on a gray table, with shading, a little blur and noise.

rng = np.random.default_rng(3)
height, width = 120, 180
palette = np.array(
    [[0.8, 0.15, 0.15], [0.15, 0.35, 0.8], [0.9, 0.7, 0.1], [0.15, 0.6, 0.3], [0.55, 0.25, 0.6]]
)
rows, columns = np.mgrid[:height, :width]
image = np.full((height, width, 3), 0.85)
for i in range(25):
    center, radius = rng.uniform([10, 10], [height - 10, width - 10]), rng.uniform(9, 13)
    y, x = (rows - center[0]) / radius, (columns - center[1]) / radius
    inside = x**2 + y**2 < 1
    light = 1 - 0.25 * (x + y)
    image[inside] = light[inside, np.newaxis] * palette[i % 5]
image = gaussian_filter(image, (0.5, 0.5, 0)) + rng.normal(0, 0.015, image.shape)
X = image.reshape(-1, 3)

# %%
# The search fits up to twelve components to a random sample of 2,000 pixels. BIC needs more
# components than there are colors, for the blended pixels and for marbles whose light is not
# Gaussian.

subset = X[rng.choice(len(X), 2000, replace=False)]
search = GaussianMixtureIC(2, 12, covariance_type="full", n_init=4, random_state=0).fit(subset)
print(f"BIC: {search.n_components_} components")

# %%
# Components that overlap are merged. The entropy of the labels falls to zero at six clusters:
# five colors and the table.

merged = merge_components(search, subset)
print(merged)
print("colors found:", merged.n_clusters)

EntropyDisplay(merged).plot()
plt.show()

# %%
# All pixels are predicted with the merged mixture of the sample. Each segment is drawn in its
# mean color. For the third picture the components are not merged: it shows where two of them
# compete, at the borders of marbles.

labels = merged.predict(X)
colors = np.array([X[labels == k].mean(axis=0) for k in range(merged.n_clusters)])
uncertainty = 1 - search.predict_proba(X).max(axis=1)
print(f"pixels with an uncertain component (above 10 %): {np.mean(uncertainty > 0.1):.1%}")

fig, axes = plt.subplots(1, 3, figsize=(13, 3.2), layout="constrained")
axes[0].imshow(image.clip(0, 1))
axes[1].imshow(colors[labels].reshape(image.shape).clip(0, 1))
shown = axes[2].imshow(uncertainty.reshape(height, width), cmap="Reds", vmin=0, vmax=0.5)
fig.colorbar(shown, ax=axes[2], label="1 - largest probability")
titles = ("image", f"{merged.n_clusters} segments", "uncertainty of the component")
for ax, title in zip(axes, titles, strict=True):
    ax.set_title(title)
    ax.set_axis_off()
plt.show()

# %%
# The pixels of the sample in the plane of red and green, in the mean colors of their segments.

fig, ax = plt.subplots(layout="constrained")
ax.scatter(subset[:, 0], subset[:, 1], s=6, c=colors[merged.labels()].clip(0, 1))
ax.plot(search.means_[:, 0], search.means_[:, 1], "kX", markersize=9, markerfacecolor="white")
ax.set(xlabel="red", ylabel="green", title="Crosses: means of the components")
plt.show()
