"""
A stream that drifts
====================

``partial_fit`` updates a mixture with one batch after the other. With ``forget_factor`` old
batches fade, so that the mixture follows clusters that move. More about this: :doc:`/streams`.
"""

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixture
from gmmx.plotting.style import COLORS, tidy

# %%
# Two clusters: one stands still, the other moves in a wave. 300 batches of 200 samples arrive.

rng = np.random.default_rng(0)
n_batches, batch_size = 300, 200
moving = 6 + 2 * np.sin(np.linspace(0, 3 * np.pi, n_batches))


def batch_at(t):
    """Return the samples of one batch."""
    is_moving = rng.random(batch_size) < 0.5
    centers = np.where(is_moving, moving[t], 0.0)
    return (centers + rng.normal(size=batch_size))[:, np.newaxis]


# %%
# One model weighs all batches, the other forgets them: with ``forget_factor=0.1`` about the
# last ten batches count. A model is not fitted before its first batches suffice for a start, so
# the first batches come in one call. The means are recorded after each batch, and the score of
# each batch before the model has seen it.

models = {
    "averages all batches": GaussianMixture(2, random_state=0),
    "forget_factor=0.1": GaussianMixture(2, random_state=0, forget_factor=0.1),
}
first = np.concatenate([batch_at(0) for _ in range(5)])
for model in models.values():
    model.partial_fit(first)
means = {name: [] for name in models}
scores = {name: [] for name in models}
for t in range(n_batches):
    batch = batch_at(t)
    for name, model in models.items():
        scores[name].append(model.score(batch))
        means[name].append(model.partial_fit(batch).means_.max())

for name in models:
    print(f"{name:22} mean score of new batches: {np.mean(scores[name]):.3f}")

# %%
# The forgetting model follows the cluster, a few batches late. The other one stays at the
# average and pays for it with lower scores.

fig, (top, bottom) = plt.subplots(2, 1, sharex=True, layout="constrained")
top.plot(moving, color="0.6", linewidth=4, label="true mean")
for name, color, style in zip(models, COLORS, ("--", "-"), strict=False):
    top.plot(means[name], style, color=color, label=name)
    smooth = np.convolve(scores[name], np.full(15, 1 / 15), mode="valid")
    bottom.plot(np.arange(7, n_batches - 7), smooth, style, color=color)
top.set(ylabel="mean of the moving cluster")
bottom.set(xlabel="batch", ylabel="score of a new batch\n(mean of 15)")
fig.legend(loc="outside lower center", ncols=3)
for ax in (top, bottom):
    tidy(ax)
plt.show()
