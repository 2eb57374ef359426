"""SQUAREM: EM accelerated by extrapolation from its last two steps.

The extrapolated coordinates are the log weights, the means, and the Cholesky factors of the
precisions with the logarithms of their diagonals. All values of these coordinates define a
mixture, except where rounding makes a covariance singular. Distances are taken in the Fisher
information of samples whose components are known: half a squared distance approximates the
Kullback-Leibler divergence of two nearby mixtures, in nats per sample. It does not depend on the
units of the features.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.covariance import CovarianceStructure, DegenerateCovarianceError
from gmmx.model.parameters import MixtureParameters

if TYPE_CHECKING:
    from gmmx.arrays import Array

SHORTEST_STEP = 1.01  # a step of length 1 leads to the end of the EM step itself
FIRST_LARGEST_STEP = 8.0
STEP_GROWTH = 4.0
LARGEST_DISTANCE = 0.3  # of a proposal; with larger ones EM more often ends at another maximum
ROUNDING = 1e-12  # distance that rounding errors alone may cause


class SquaredExtrapolation:
    """Propose parameters beyond the last step of EM, and go back if a proposal is worse.

    Parameters
    ----------
    chart : callable
        Takes parameters and returns the coordinates about them in which steps are extrapolated.

    References
    ----------
    Varadhan, Roland (2008), "Simple and globally convergent methods for accelerating the
    convergence of any EM algorithm", Scandinavian Journal of Statistics 35; step length 3.
    """

    def __init__(self, chart: Callable[[MixtureParameters], Chart]) -> None:
        self.chart = chart
        self.largest_step = FIRST_LARGEST_STEP
        self.before: MixtureParameters | None = None
        self.fallback: MixtureParameters | None = None
        self.floor = -np.inf
        self.step_length = np.inf

    def rejects(self, lower_bound: float) -> bool:
        """Return whether the bound of the proposal is below the bound before it."""
        return self.fallback is not None and not lower_bound >= self.floor

    def retreat(self) -> MixtureParameters:
        """Return the end of the last EM step before the proposal; shorten the next proposal."""
        assert self.fallback is not None
        parameters, self.fallback = self.fallback, None
        self.largest_step = max(FIRST_LARGEST_STEP, self.largest_step / STEP_GROWTH)
        return parameters

    def restart(self) -> None:
        """Forget the last steps, because the parameters did not come from a step of EM."""
        self.before = self.fallback = None
        self.step_length = np.inf

    def propose(
        self, start: MixtureParameters, end: MixtureParameters, lower_bound: float
    ) -> MixtureParameters:
        """Return the next parameters to try after one EM step from `start` to `end`.

        `lower_bound` is the bound at `start`.
        """
        before, self.before, self.fallback = self.before, start, None
        if before is None:
            return end
        chart = self.chart(start)
        if not chart.masses(end).all():
            return end
        step, next_step = -chart.coordinates(before), chart.coordinates(end)
        bend = next_step - step
        self.step_length = float(np.linalg.norm(step)) / max(float(np.linalg.norm(bend)), ROUNDING)
        length = self._bounded_length(step, bend)
        if length < SHORTEST_STEP:
            return end
        try:
            proposal = chart.parameters(_extrapolate(step, bend, length))
        except DegenerateCovarianceError:
            return end
        self.before, self.fallback, self.floor = None, end, lower_bound
        return proposal

    def _bounded_length(self, step: Array, bend: Array) -> float:
        """Return the step length, bounded by `largest_step` and `LARGEST_DISTANCE`."""
        length = self.step_length
        if length >= self.largest_step:
            length = self.largest_step
            self.largest_step *= STEP_GROWTH
        while (
            length >= SHORTEST_STEP
            and np.linalg.norm(_extrapolate(step, bend, length)) > LARGEST_DISTANCE
        ):
            length = (1 + length) / 2
        return length

    def has_converged(
        self, start: MixtureParameters, end: MixtureParameters, gain: float, tol: float
    ) -> bool:
        """Return whether the gain of the last pass and the remaining gain are both below `tol`.

        The gain of a proposal alone does not tell whether EM is near a maximum. The remaining gain
        is Aitken's estimate: if each step is 1 - 1 / length times the step before it, the steps
        from `start` through `end` to the limit gain length / 2 times the squared first step.
        """
        if not abs(gain) < tol:
            return False
        chart = self.chart(start)
        if not chart.masses(end).all():
            return True
        step = chart.coordinates(end)
        return bool(chart.n_samples * self.step_length * (step @ step) < 2 * tol)


def _extrapolate(step: Array, bend: Array, length: float) -> Array:
    """Return the coordinates of a proposal about the end of the first of two steps."""
    return 2 * length * step + length**2 * bend - step


class Chart:
    """Coordinates of mixtures, in which the Fisher information at `origin` is the identity."""

    n_samples = 1.0  # the bound is a mean per sample; `PosteriorChart` has a sum over samples

    def __init__(self, origin: MixtureParameters) -> None:
        self.origin = origin
        masses = self.masses(origin)
        shares = masses / masses.sum()
        self.deviations = np.sqrt(shares)
        self.factor_deviations = np.sqrt(origin.covariance.information(shares))

    @staticmethod
    def masses(parameters: MixtureParameters) -> Array:
        """Return the mass of each component: its weight."""
        return parameters.weights

    def mixture(
        self, log_ratios: Array, means: Array, covariance: CovarianceStructure
    ) -> MixtureParameters:
        """Return the mixture with masses proportional to the origin's times exp(log_ratios)."""
        weights = self.origin.weights * np.exp(log_ratios - log_ratios.max())
        return MixtureParameters(weights / weights.sum(), means, covariance)

    def coordinates(self, parameters: MixtureParameters) -> Array:
        """Return the coordinates of a mixture in one vector."""
        origin = self.origin
        log_ratios = np.log(self.masses(parameters) / self.masses(origin))
        shifts = origin.covariance.whiten(parameters.means - origin.means)
        log_factors = parameters.covariance.log_factors(origin.covariance)
        return np.concatenate(
            [
                self.deviations * log_ratios,
                (self.deviations[:, np.newaxis] * shifts).ravel(),
                (self.factor_deviations * log_factors).ravel(),
            ]
        )

    def parameters(self, coordinates: Array) -> MixtureParameters:
        """Return the mixture with these coordinates; may raise `DegenerateCovarianceError`."""
        origin, means = self.origin, self.origin.means
        ends = np.cumsum([len(means), means.size])
        log_ratios, shifts, log_factors = np.split(coordinates, ends)
        shifts = shifts.reshape(means.shape) / self.deviations[:, np.newaxis]
        log_factors = log_factors.reshape(self.factor_deviations.shape) / self.factor_deviations
        return self.mixture(
            log_ratios / self.deviations,
            means + origin.covariance.unwhiten(shifts),
            origin.covariance.with_log_factors(log_factors),
        )
