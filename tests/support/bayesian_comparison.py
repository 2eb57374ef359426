"""Differences between Bayesian mixtures of gmmx and of scikit-learn after fits from the same start.

`tools/compare/compare_bayesian.py` prints these differences; tests check that they are small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import mixture

import gmmx
from comparison import fitted_quietly, largest_relative, parameter_difference
from twin import Array

PRIOR_TYPES = ("dirichlet_process", "dirichlet_distribution")


@dataclass(frozen=True)
class PosteriorComparison:
    """Largest relative differences between two fits.

    Differences of means and covariances are in units of standard deviations.
    """

    lower_bounds: float
    posterior: float  # weights, means, covariances, concentrations and degrees of freedom
    prior: float
    same_n_iter: bool
    same_converged: bool

    def is_equal_within(self, tolerance: float) -> bool:
        """Return whether iterations agree, and numbers up to a relative difference."""
        largest = max(self.lower_bounds, self.posterior, self.prior)
        return self.same_n_iter and self.same_converged and largest <= tolerance


def compare_posteriors(X: Array, **parameters: Any) -> PosteriorComparison:
    """Fit both with the same parameters and random state, and return their differences."""
    parameters = {"random_state": 0} | parameters
    ours, theirs = (
        fitted_quietly(library.BayesianGaussianMixture(**parameters), X)
        for library in (gmmx, mixture)
    )
    numbers = ("mean_precision_", "degrees_of_freedom_")
    prior = (
        "weight_concentration_prior_", "mean_precision_prior_", "degrees_of_freedom_prior_",
        "covariance_prior_",
    )  # fmt: skip
    scale = X.std(axis=0)
    return PosteriorComparison(
        lower_bounds=largest_relative(ours.lower_bounds_, np.ravel(theirs.lower_bounds_)),
        posterior=max(
            parameter_difference(ours, theirs),
            largest_relative(ours.weight_concentration_, theirs.weight_concentration_),
            *_differences(ours, theirs, numbers),
        ),
        prior=max(
            float(np.max(np.abs(ours.mean_prior_ - theirs.mean_prior_) / scale)),
            *_differences(ours, theirs, prior),
        ),
        same_n_iter=ours.n_iter_ == theirs.n_iter_,
        same_converged=ours.converged_ == theirs.converged_,
    )


def _differences(ours: Any, theirs: Any, names: tuple[str, ...]) -> list[float]:
    """Return the largest difference of each attribute, relative or in standard deviations."""
    differences = []
    for name in names:
        actual, expected = (np.asarray(getattr(model, name), float) for model in (ours, theirs))
        if expected.ndim == 2:
            deviations = np.sqrt(np.diag(expected))
            actual, expected = (
                values / np.outer(deviations, deviations) for values in (actual, expected)
            )
            differences.append(float(np.abs(actual - expected).max()))
        else:
            differences.append(largest_relative(actual, expected))
    return differences
