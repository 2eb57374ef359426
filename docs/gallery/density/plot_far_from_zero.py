"""
Data far from zero
==================

Times in seconds since 1970, coordinates in meters, prices in cents: values that are large
against their spread. Formulas with sums of squares lose their digits there. gmmx takes moments
about the means, and loses none.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.mixture import GaussianMixture as SklearnMixture

from gmmx import GaussianMixture
from gmmx.plotting.style import COLORS, tidy

# %%
# Two clusters of standard deviation 1, moved farther and farther away. A shift of the data
# moves the means and changes nothing else, so that the right answer is known. The shifts are
# powers of two and the samples multiples of 1 / 64, so that the shifted values are exact in
# float64.

rng = np.random.default_rng(0)
X = np.concatenate([rng.normal(0, 1, (500, 2)), rng.normal(4, 1, (500, 2))])
X = np.round(64 * X) / 64
start = {
    "weights_init": [0.5, 0.5],
    "precisions_init": [np.eye(2), np.eye(2)],
    "tol": 0.0,
    "max_iter": 20,
}


def covariances(mixture, shift, **options):
    """Return the fitted covariances of the shifted samples, or None if the fit fails."""
    model = mixture(2, means_init=np.array([[0, 0], [4, 4]]) + shift, **start, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of 20 iterations without convergence
        try:
            return model.fit(X + shift).covariances_
        except ValueError:
            return None


# %%
# The covariances at the origin are the reference. scikit-learn centers at the means, too, but
# its log densities do not: they multiply samples and means with the precisions first and then
# subtract.

shifts = 2.0 ** np.arange(0, 41, 4)
reference = covariances(GaussianMixture, 0.0)
errors = {"gmmx": [], "scikit-learn": []}
for name, mixture in (("gmmx", GaussianMixture), ("scikit-learn", SklearnMixture)):
    for shift in shifts:
        found = covariances(mixture, shift)
        error = np.nan if found is None else np.abs(found - reference).max()
        errors[name].append(max(error, 1e-17))
    print(f"{name:13}", *(f"{error:.0e}" for error in errors[name]))

fig, ax = plt.subplots(layout="constrained")
for (name, values), color, marker in zip(errors.items(), COLORS, "os", strict=False):
    ax.plot(shifts, values, marker=marker, color=color, label=name)
ax.set(
    xscale="log",
    yscale="log",
    xlabel="distance from zero, in standard deviations",
    ylabel="largest error of a variance",
    title="Errors of the fit, float64",
)
ax.legend()
tidy(ax)
plt.show()
