"""SQUAREM: EM that extrapolates along the path of its last two steps.

Parameters are extrapolated as log weights, means, and Cholesky factors of the precisions with
logarithms of their diagonals, so that every value gives a mixture, if only rounding allows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.covariance import DegenerateCovarianceError
from gmmx.parameters import MixtureParameters

if TYPE_CHECKING:
    from gmmx.arrays import Array

SHORTEST_STEP = 2.0  # shorter ones gain less than the pass that a bad proposal costs
STEP_GROWTH = 4.0
PATIENCE = 10  # passes before the first proposal: a quick start of EM needs no help
TINY = 1e-300
STRICTNESS = 0.25  # share of `tol` that ends a run with proposals, whose steps gain less


class SquaredExtrapolation:
    """Proposals of parameters beyond the last step of EM, and the way back from bad ones.

    References
    ----------
    Varadhan, Roland (2008), "Simple and globally convergent methods for accelerating the
    convergence of any EM algorithm", Scandinavian Journal of Statistics 35; step length 3.
    """

    def __init__(self) -> None:
        self.wait = PATIENCE
        self.pause = 1
        self.largest_step = STEP_GROWTH
        self.before: MixtureParameters | None = None
        self.fallback: MixtureParameters | None = None
        self.floor = -np.inf
        self.has_proposed = False
        self.proposal_gain = 0.0

    def rejects(self, lower_bound: float) -> bool:
        """Whether the proposal is worse than the parameters that it started from."""
        return self.fallback is not None and not lower_bound >= self.floor

    def retreat(self) -> MixtureParameters:
        """Where EM got to before the rejected proposal; the next one waits and is shorter."""
        assert self.fallback is not None
        parameters, self.fallback = self.fallback, None
        self.largest_step = max(STEP_GROWTH, self.largest_step / STEP_GROWTH)
        self.wait = self.pause = 2 * self.pause
        return parameters

    def has_converged(self, gain: float, tol: float) -> bool:
        """Whether a step of EM gained too little, and the proposal before it as well.

        What a proposal gains says by itself nothing about how far EM has come.
        """
        if self.fallback is not None:
            self.proposal_gain = gain
            return False
        largest = max(abs(gain), self.proposal_gain)
        self.proposal_gain = 0.0
        return largest < (STRICTNESS * tol if self.has_proposed else tol)

    def propose(
        self, start: MixtureParameters, end: MixtureParameters, lower_bound: float
    ) -> MixtureParameters:
        """Parameters to go on from after a step of EM from `start`, at `lower_bound`, to `end`."""
        if self.fallback is not None:
            self.pause = 1
        before, self.before, self.fallback = self.before, start, None
        self.wait -= 1
        if before is None or self.wait > 0 or not end.weights.all():
            return end
        scale = _deviations(before)
        path = [_to_vector(parameters, scale) for parameters in (before, start, end)]
        step = path[1] - path[0]
        bend = path[2] - path[1] - step
        length = float(np.linalg.norm(step)) / max(float(np.linalg.norm(bend)), TINY)
        if length >= self.largest_step:
            length = self.largest_step
            self.largest_step *= STEP_GROWTH
        if not length > SHORTEST_STEP:
            return end
        vector = path[0] + 2 * length * step + length**2 * bend
        try:
            proposal = _from_vector(vector, end, scale)
        except DegenerateCovarianceError:
            return end
        self.before, self.fallback, self.floor = None, end, lower_bound
        self.has_proposed = True
        return proposal


def _deviations(parameters: MixtureParameters) -> Array:
    """Standard deviation of each feature, averaged over components."""
    variances = np.einsum("kdd->kd", parameters.covariance.dense())
    return np.asarray(np.sqrt(parameters.weights @ variances))


def _to_vector(parameters: MixtureParameters, scale: Array) -> Array:
    """Unconstrained parameters, in units of the features' deviations."""
    covariance = parameters.covariance
    return np.concatenate(
        [
            np.log(parameters.weights),
            (parameters.means / scale).ravel(),
            covariance.log_factors(scale).ravel(),
        ]
    )


def _from_vector(vector: Array, like: MixtureParameters, scale: Array) -> MixtureParameters:
    """The mixture of unconstrained parameters, of the same size as `like`."""
    n_components, n_features = like.means.shape
    stop = n_components + like.means.size
    log_weights = vector[:n_components]
    weights = np.exp(log_weights - log_weights.max())
    means = vector[n_components:stop].reshape(n_components, n_features) * scale
    covariance = like.covariance.with_log_factors(vector[stop:], scale)
    return MixtureParameters(weights / weights.sum(), means, covariance)
