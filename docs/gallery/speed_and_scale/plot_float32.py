"""
Half the memory: float32
========================

Samples in float32 take half the memory and are read in place. Sums are kept in float64, so that
a fit to millions of float32 samples does not lose the digits that the samples have.
"""

import time

import matplotlib.pyplot as plt
import numpy as np

from gmmx import GaussianMixture
from gmmx.plotting.style import COLORS, tidy

# %%
# The same 100,000 samples in both precisions, with the same starting values. The times depend on
# the machine and on its load: other examples may run on the other cores while this page is made.

rng = np.random.default_rng(0)
centers = rng.normal(scale=4.0, size=(6, 10))
labels = rng.integers(6, size=100_000)
X = centers[labels] + rng.normal(size=(100_000, 10))
samples = {"float64": X, "float32": X.astype(np.float32)}

models, seconds = {}, {}
for name, data in samples.items():
    model = GaussianMixture(6, means_init=centers, init_params="random_from_data", random_state=0)
    begin = time.perf_counter()
    models[name] = model.fit(data)
    seconds[name] = time.perf_counter() - begin
    print(
        f"{name}: {data.nbytes / 1e6:.0f} MB, {seconds[name]:.2f} s, {model.n_iter_} iterations, "
        f"score {model.score(data):.6f}"
    )

# %%
# How far apart are the two mixtures? Their means differ by about the rounding of a single value
# of float32, and the labels agree.

difference = np.abs(models["float64"].means_ - models["float32"].means_).ravel()
same = models["float64"].predict(X) == models["float32"].predict(samples["float32"])
print(f"largest difference of two means: {difference.max():.1e}")
print(f"samples with the same label: {same.sum():,} of {len(same):,}")
print("attributes:", models["float32"].means_.dtype, "predictions:", end=" ")
print(models["float32"].score_samples(samples["float32"][:1]).dtype)

# %%
# The picture compares the differences of the means with their standard errors: the deviations of
# the means that other samples from the same mixture would give.

standard_errors = np.sqrt(
    np.diagonal(models["float64"].covariances_, axis1=1, axis2=2)
    / (models["float64"].weights_ * len(X))[:, np.newaxis]
).ravel()
fig, ax = plt.subplots(layout="constrained")
ax.plot(np.sort(standard_errors), "s", color=COLORS[1], label="standard error of a mean")
ax.plot(np.sort(difference), "o", color=COLORS[0], label="difference, float64 and float32")
ax.axhline(np.finfo(np.float32).eps, color="0.4", linestyle=":", label="rounding of 1 in float32")
ax.set(
    yscale="log",
    xlabel="60 means, sorted",
    ylabel="units of the samples",
    title="float32 costs far less than the noise",
)
fig.legend(loc="outside lower center", ncols=2)
tidy(ax)
plt.show()
