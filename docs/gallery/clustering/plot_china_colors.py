"""
Sixteen colors for an image
===========================

The temple of scikit-learn's example *Color Quantization using K-Means*, in sixteen colors:
those of a mixture. Each color also has a spread, so that the mixture draws an image with the
grain of the original.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

from gmmx import GaussianMixture

# %%
# Every second pixel of the image, 68,480 in all, and the three features red, green and blue.

image = load_sample_image("china.jpg")[::2, ::2] / 255
X = image.reshape(-1, 3)
rng = np.random.default_rng(0)
sample = X[rng.choice(len(X), 5000, replace=False)]
model = GaussianMixture(16, init_params="k-means++", n_init=3, random_state=0).fit(sample)

# %%
# Mean color of the most probable component, and a color drawn from this component.

labels = model.predict(X)
factors = np.linalg.cholesky(model.covariances_)
grain = np.einsum("nij,nj->ni", factors[labels], rng.normal(size=X.shape))
shown = {
    f"original, {len(np.unique(X, axis=0)):,} colors": X,
    "16 means": model.means_[labels],
    "drawn from 16 components": model.means_[labels] + grain,
}
error = np.sqrt(np.mean((X - model.means_[labels]) ** 2))
print(f"root mean square error of a channel: {error:.3f}, of 1")

fig, axes = plt.subplots(1, 3, figsize=(13, 3.4), layout="constrained")
for ax, (title, pixels) in zip(axes, shown.items(), strict=True):
    ax.imshow(pixels.reshape(image.shape).clip(0, 1))
    ax.set_title(title)
    ax.set_axis_off()
plt.show()
