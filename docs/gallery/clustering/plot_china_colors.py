"""
Sixteen colors for an image
===========================

The temple of scikit-learn's example *Color Quantization using K-Means*, in sixteen colors: the
means of a mixture.
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
model = GaussianMixture(16, random_state=0).fit(sample)

# %%
# A pixel gets the mean color of its most probable component, or the mean of all sixteen colors,
# weighted by the probabilities of the components. The second image has softer transitions and a
# smaller error.

hard = model.means_[model.predict(X)]
soft = model.predict_proba(X) @ model.means_
shown = {
    f"original, {len(np.unique(X, axis=0)):,} colors": X,
    "most probable of 16 colors": hard,
    "16 colors, weighted": soft,
}
for name, pixels in (("most probable", hard), ("weighted", soft)):
    print(f"{name:13}: root mean square error {np.sqrt(np.mean((X - pixels) ** 2)):.4f}")

fig, axes = plt.subplots(1, 3, figsize=(13, 3.4), layout="constrained")
for ax, (title, pixels) in zip(axes, shown.items(), strict=True):
    ax.imshow(pixels.reshape(image.shape).clip(0, 1))
    ax.set_title(title)
    ax.set_axis_off()
plt.show()
