"""
Data far from zero
==================

Times in seconds since 1970, coordinates in meters, prices in cents: values that are large
against their spread. A variance computed as mean square minus squared mean loses all digits
there. gmmx takes moments about the means.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.mixture import GaussianMixture as SklearnMixture

from gmmx import GaussianMixture
from gmmx.plotting.style import COLORS, tidy

# %%
# Two clusters of standard deviation 1, moved farther and farther away. A shift of the samples
# moves the means and changes nothing else, so that the right covariances are known. The samples
# are multiples of 1 / 64 and the shifts powers of two, so that the shifted values are exact: in
# float64 for all shifts, in float32 up to 65,536.

rng = np.random.default_rng(0)
X = np.concatenate([rng.normal(0, 1, (500, 2)), rng.normal(4, 1, (500, 2))])
X = np.round(64 * X) / 64


def covariances(mixture, covariance_type, samples, shift):
    """Return the covariances after 10 iterations, or None if the fit fails."""
    model = mixture(
        2,
        covariance_type=covariance_type,
        weights_init=[0.5, 0.5],
        means_init=np.array([[0.0, 0.0], [4.0, 4.0]]) + shift,
        precisions_init=np.ones((2, 2)) if covariance_type == "diag" else [np.eye(2)] * 2,
        tol=0.0,
        max_iter=10,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 10 iterations do not converge with a tolerance of 0
        try:
            return model.fit(samples + samples.dtype.type(shift)).covariances_
        except ValueError:
            return None


# %%
# The covariances of unshifted samples are the reference. With diagonal covariances the fits of
# scikit-learn fail at a distance of 34 million, the sixth shift, and beyond. The curve of
# float32 ends where the shifted values are no longer exact.

contestants = {
    "gmmx": (GaussianMixture, np.float64, 2.0 ** np.arange(0, 41, 5)),
    "gmmx, float32": (GaussianMixture, np.float32, 2.0 ** np.arange(0, 16, 5)),
    "scikit-learn": (SklearnMixture, np.float64, 2.0 ** np.arange(0, 41, 5)),
}
fig, axes = plt.subplots(1, 2, figsize=(10, 4.8), sharey=True, layout="constrained")
for ax, covariance_type in zip(axes, ("full", "diag"), strict=True):
    reference = covariances(GaussianMixture, covariance_type, X, 0.0)
    for (name, (mixture, dtype, shifts)), color, marker in zip(
        contestants.items(), COLORS, "o^s", strict=False
    ):
        found = [covariances(mixture, covariance_type, X.astype(dtype), s) for s in shifts]
        errors = [np.nan if one is None else np.abs(one - reference).max() for one in found]
        ax.plot(shifts, np.maximum(errors, 1e-17), marker=marker, color=color, label=name)
        print(f"{covariance_type}, {name:13}:", *(f"{error:.0e}" for error in errors))
    ax.set(xscale="log", yscale="log", title=covariance_type)
    ax.set_xlabel("distance from zero, in standard deviations")
    tidy(ax)
axes[0].set_ylabel("largest error of a covariance")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()
