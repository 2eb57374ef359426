"""Mixtures to draw: their parameters, densities of one or two features, highest-density regions.

The highest-density region of probability p is the smallest region that holds p: the region where
the density is at least t. Its threshold t is the quantile 1 - p of the density at samples of the
mixture (Hyndman 1996). Sums over a grid would miss components that are narrower than the cells, and
the tails beyond it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gmmx.checks.samples import check_finite
from gmmx.estimators.base import Mixture
from gmmx.estimators.gaussian_mixture import GaussianMixture
from gmmx.selection.gaussian_mixture_ic import GaussianMixtureIC

if TYPE_CHECKING:
    from gmmx.arrays import Array, ArrayLike, FloatArray

# The standard error of a region's probability is at most sqrt(1/4 / N_DRAWS) = 0.0016.
N_DRAWS = 100_000
# The part of the draws, half at each end, that may lie outside the positions of a feature.
TAILS = 0.001
MARGIN = 0.03  # at both ends of the positions, as a part of their range
REACH = 4.0  # of a component to both sides of its mean, in its standard deviations
# Positions near each component, in its standard deviations, so that narrow ones are not missed.
NEAR_A_MEAN = np.linspace(-REACH, REACH, 17)
CELLS = 4  # per evenly spaced position: positions are no closer than a cell
# Differences that rounding to float32 explains: of sums of weights, and of correlations.
TOLERANCE = 1e-6


def fitted_mixture(model: object, display: str) -> Mixture:
    """Return a fitted mixture, or the best one of a fitted search.

    Raises
    ------
    TypeError
        If the model is neither; `display` is the name of the caller in the message.
    NotFittedError
        If the model is not fitted.
    """
    if not isinstance(model, Mixture | GaussianMixtureIC):
        raise TypeError(
            f"{display} needs a GaussianMixture, BayesianGaussianMixture or GaussianMixtureIC of "
            f"gmmx; got {type(model).__name__}"
        )
    model._check_is_fitted()
    return model.best_estimator_ if isinstance(model, GaussianMixtureIC) else model


def check_mixture(
    weights: ArrayLike, means: ArrayLike, covariances: ArrayLike
) -> tuple[Array, Array, Array]:
    """Return the stored parameters of a mixture in float64, with weights of sum 1.

    Parameters
    ----------
    weights : array-like of shape (n_components,)
        Numbers of at least 0, with sum 1 up to the rounding of float32.
    means : array-like of shape (n_components, n_features)
        Finite numbers.
    covariances : array-like of shape (n_components, n_features, n_features)
        Symmetric, positive semidefinite matrices with positive variances.

    Raises
    ------
    ValueError
        If the numbers are no parameters of a mixture.
    """
    arrays = {"weights": weights, "means": means, "covariances": covariances}
    given = {name: np.ascontiguousarray(arrays[name], dtype=np.float64) for name in arrays}
    if given["means"].ndim != 2 or given["means"].size == 0:
        shape = given["means"].shape
        raise ValueError(f"means has the shape {shape}; expected (n_components, n_features)")
    K, D = given["means"].shape
    for name, expected in {"weights": (K,), "covariances": (K, D, D)}.items():
        if given[name].shape != expected:
            raise ValueError(f"{name} has the shape {given[name].shape}; expected {expected}")
    for name, values in given.items():
        check_finite(values, name)
    total = given["weights"].sum()
    if given["weights"].min() < 0 or abs(total - 1) > TOLERANCE:
        raise ValueError(
            f"weights must be at least 0 and have the sum 1; got the smallest "
            f"{given['weights'].min():g} and the sum {total:g}"
        )
    if smallest_eigenvalue(given["covariances"]) < -TOLERANCE * D:
        raise ValueError("covariances must be positive semidefinite; got a negative eigenvalue")
    return given["weights"] / total, given["means"], given["covariances"]


def smallest_eigenvalue(covariances: Array) -> float:
    """Return the smallest eigenvalue of all correlation matrices, which have no units.

    Raises
    ------
    ValueError
        If variances are not positive or matrices are not symmetric.
    """
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    if not (variances > 0).all():
        raise ValueError("covariances must have positive variances on their diagonals")
    deviations = np.sqrt(variances)
    correlations = covariances / deviations[:, :, np.newaxis] / deviations[:, np.newaxis]
    if np.abs(correlations - correlations.transpose(0, 2, 1)).max() > TOLERANCE:
        raise ValueError("covariances must be symmetric matrices")
    return float(np.linalg.eigvalsh(correlations).min())


@dataclass(frozen=True)
class MarginalDensity:
    """The density of one or two features of a mixture, in nats.

    Attributes
    ----------
    positions : tuple of ndarray
        Positions on the axis of each feature, ascending.
    log_density : ndarray of shape (n_positions,) or (n_positions_of_y, n_positions_of_x)
        Log density at the positions.
    log_density_of_draws : ndarray of shape (N_DRAWS,)
        Log density at samples of the mixture.
    """

    positions: tuple[Array, ...]
    log_density: Array
    log_density_of_draws: Array

    def transposed(self) -> MarginalDensity:
        """Return the density of two features in the other order."""
        return MarginalDensity(self.positions[::-1], self.log_density.T, self.log_density_of_draws)

    def log_thresholds(self, probabilities: Array) -> Array:
        """Return the log density on the boundaries of regions, (n_regions,).

        References
        ----------
        Hyndman (1996), "Computing and graphing highest density regions", The American
        Statistician 50, 120-126.
        """
        return np.asarray(np.quantile(self.log_density_of_draws, 1 - probabilities))

    def intervals(self, log_threshold: float) -> list[tuple[float, float]]:
        """Return the intervals of a single feature where the log density is at least a threshold.

        The log density is interpolated linearly between positions.
        """
        x, height = self.positions[0], self.log_density - log_threshold
        is_inside = height >= 0
        crossings = np.flatnonzero(is_inside[1:] != is_inside[:-1])
        share = height[crossings] / (height[crossings] - height[crossings + 1])
        ends = x[crossings] + share * (x[crossings + 1] - x[crossings])
        ends = np.concatenate([x[:1][is_inside[:1]], ends, x[-1:][is_inside[-1:]]])
        return [(float(low), float(high)) for low, high in ends.reshape(-1, 2)]


class MixtureDensity:
    """The densities of single features and of pairs of features of one mixture.

    Parameters
    ----------
    weights : ndarray of shape (n_components,)
        Probabilities of the components, with sum 1.
    means : ndarray of shape (n_components, n_features)
        Means of the components.
    covariances : ndarray of shape (n_components, n_features, n_features)
        Covariance matrices of the components.
    X : ndarray of shape (n_samples, n_features) or None
        Samples that the positions enclose.
    n_positions : int
        Number of evenly spaced positions of a feature; more are placed near the components.
    """

    def __init__(
        self, weights: Array, means: Array, covariances: Array, X: FloatArray | None,
        n_positions: int,
    ) -> None:  # fmt: skip
        self._parameters = weights, means, covariances
        mixture = GaussianMixture.from_parameters(*self._parameters).set_params(random_state=0)
        self._draws = mixture.sample(N_DRAWS)[0]
        low, high = np.quantile(self._draws, (TAILS / 2, 1 - TAILS / 2), axis=0)
        if X is not None:
            low, high = np.minimum(low, X.min(axis=0)), np.maximum(high, X.max(axis=0))
        margin = MARGIN * (high - low)
        deviations = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
        self._positions = [
            positions(low[d] - margin[d], high[d] + margin[d], means[:, d], deviations[:, d],
                      n_positions)
            for d in range(means.shape[1])
        ]  # fmt: skip

    def marginal(self, features: Sequence[int]) -> MarginalDensity:
        """Return the density of one feature, or of two features, x and y."""
        chosen = list(features)
        weights, means, covariances = self._parameters
        mixture = GaussianMixture.from_parameters(
            weights, means[:, chosen], covariances[:, chosen][:, :, chosen]
        )
        axes = tuple(self._positions[d] for d in chosen)
        grid = np.stack(np.meshgrid(*axes), axis=-1)

        def log_density(samples: Array) -> Array:
            return np.asarray(mixture.score_samples(samples), dtype=np.float64)

        at_positions = log_density(grid.reshape(-1, len(axes))).reshape(grid.shape[:-1])
        return MarginalDensity(axes, at_positions, log_density(self._draws[:, chosen]))


def positions(low: float, high: float, means: Array, deviations: Array, n: int) -> Array:
    """Return positions from low to high: n evenly spaced, and more near the components."""
    near = (means[:, np.newaxis] + deviations[:, np.newaxis] * NEAR_A_MEAN).ravel()
    candidates = np.concatenate([[low, high], means, near, np.linspace(low, high, n)])
    candidates = candidates[(candidates >= low) & (candidates <= high)]
    # The first candidate in each cell is taken, the means before their surroundings.
    cells = np.floor((candidates - low) * (CELLS * n / (high - low)))
    return np.sort(candidates[np.unique(cells, return_index=True)[1]])
