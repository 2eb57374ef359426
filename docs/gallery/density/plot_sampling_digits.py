"""
Samples of a mixture: new digits
================================

A mixture is a generative model. Fitted to images of digits, it draws images that look like
digits.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from gmmx import GaussianMixture

# %%
# The digits have 64 pixels. The first 20 principal components hold most of their variance, and
# leave few enough parameters.

images = load_digits().data
pca = PCA(20, random_state=0).fit(images)
X = pca.transform(images)
print(f"{pca.explained_variance_ratio_.sum():.0%} of the variance in 20 components")

# %%
# How many components predict digits best that were not in the fit? A third of the images is
# kept for this question.

order = np.random.default_rng(0).permutation(len(X))
test, train = X[order[:600]], X[order[600:]]
scores = {}
for k in (1, 5, 10, 20, 40, 60):
    model = GaussianMixture(k, covariance_type="full", reg_covar=1.0, random_state=0).fit(train)
    scores[k] = model.score(test)
    print(f"{k:3} components: {scores[k]:.2f} nats per digit")
best = max(scores, key=scores.get)

# %%
# Digits of the data above, digits drawn from the mixture below.

model = GaussianMixture(best, reg_covar=1.0, random_state=0).fit(X)
drawn = pca.inverse_transform(model.sample(24)[0])
fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
shown = {"24 digits of the data": images[order[:24]], f"24 samples, {best} components": drawn}
for ax, (title, digits) in zip(axes, shown.items(), strict=True):
    tiles = np.pad(digits.reshape(4, 6, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1)))
    ax.imshow(tiles.transpose(0, 2, 1, 3).reshape(40, 60), cmap="gray_r", vmin=0, vmax=16)
    ax.set_title(title)
    ax.set_axis_off()
plt.show()
