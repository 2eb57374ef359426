"""Many iterations of maximum likelihood on few samples, in one compiled call.

The steps of `ExpectationMaximization` define the results: the compiled iterations have the same
bits, and leave an iteration that is not plain to them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from gmmx._core.interface.small_em import SmallEM
from gmmx.em.stopping import AbsoluteChange, StoppingRule
from gmmx.model.covariance import ConjugateStructure
from gmmx.model.covariance.cholesky import smallest_pivot
from gmmx.model.parameters import MixtureParameters
from gmmx.model.statistics import SMALLEST_COUNT
from gmmx.samples.array_source import ArraySource
from gmmx.samples.e_step import is_small_pass
from gmmx.samples.windows import window_size

if TYPE_CHECKING:
    from gmmx.samples.source import SampleSource

MOST_AT_ONCE = 128  # iterations, some hundredths of a second at most; then signals are handled


class CompiledSteps:
    """The steps of maximum likelihood from given parameters on.

    Parameters
    ----------
    samples : ArraySource
        Samples of the fit.
    start : MixtureParameters
        Starting parameters, whose covariances have a compiled M-step.
    reg_covar : float
        Added to every variance.
    equal_weights : bool
        Whether all components have the same weight.
    largest_sq_shift : float
        Largest squared distance, in standard deviations, that an iteration may move the means.
    stopping : AbsoluteChange
        Tells when EM has converged.
    """

    def __init__(
        self,
        samples: ArraySource,
        start: MixtureParameters,
        reg_covar: float,
        equal_weights: bool,
        largest_sq_shift: float,
        stopping: AbsoluteChange,
    ) -> None:
        self.start, self.scale = start, stopping.scale
        covariance = start.covariance
        constraint = covariance.name if covariance.has_compiled_m_step else None
        self.em = SmallEM(
            samples.X, samples.weight, start.weights, start.means,
            covariance.covariances.reshape(-1), covariance.precisions_cholesky.reshape(-1),
            are_matrices=covariance.are_matrices, is_shared="component" not in covariance.axes,
            constraint=constraint, equal_weights=equal_weights, reg_covar=reg_covar,
            total_weight=samples.total_weight, largest_weight=samples.relative_largest_weight,
            smallest_count=SMALLEST_COUNT, smallest_pivot=smallest_pivot(samples.n_features),
            largest_sq_shift=largest_sq_shift,
        )  # fmt: skip

    def run(
        self,
        tol: float,
        max_iter: int,
        lower_bound: float,
        interrupt: Callable[[], object],
    ) -> tuple[MixtureParameters, list[float], bool]:
        """Iterate until EM has converged, or until an iteration is not plain.

        Parameters
        ----------
        tol : float
            Tolerance of the stopping rule.
        max_iter : int
            Largest number of iterations.
        lower_bound : float
            Bound that the bound of the first iteration is compared with.
        interrupt : callable
            Called before every `MOST_AT_ONCE` iterations; it may raise an error to end EM.

        Returns
        -------
        end : MixtureParameters
            Parameters after the last iteration.
        lower_bounds : list of float
            Bound of each iteration; empty if the first one is not plain.
        converged : bool
            Whether EM has converged.
        """
        lower_bounds: list[float] = []
        converged, is_plain = False, True
        while len(lower_bounds) < max_iter and is_plain and not converged:
            interrupt()
            bounds = np.empty(min(MOST_AT_ONCE, max_iter - len(lower_bounds)))
            n_iter, converged, is_plain = self.em.iterate(bounds, lower_bound, self.scale, tol)
            lower_bounds += bounds[:n_iter].tolist()
            lower_bound = lower_bounds[-1] if lower_bounds else lower_bound
        end = self._end() if lower_bounds else self.start
        return end, lower_bounds, converged

    def _end(self) -> MixtureParameters:
        """Return the present parameters."""
        weights, means, covariances, factors = self.em.parameters()
        structure, shape = type(self.start.covariance), self.start.covariance.covariances.shape
        return MixtureParameters(
            weights, means,
            structure(covariances.reshape(shape), factors.reshape(shape)[()], *means.shape),
        )  # fmt: skip


def compiled_steps(
    samples: SampleSource,
    start: MixtureParameters,
    reg_covar: float,
    equal_weights: bool,
    largest_sq_shift: float,
    stopping: StoppingRule,
) -> CompiledSteps | None:
    """Return compiled steps for few samples in an array, a compiled M-step and this rule."""
    covariance = start.covariance
    if not (
        isinstance(samples, ArraySource)
        and (isinstance(covariance, ConjugateStructure) or covariance.has_compiled_m_step)
        and isinstance(stopping, AbsoluteChange)
        and samples.n_samples <= window_size(samples.n_features)
        and is_small_pass(samples.n_samples, start)
    ):
        return None
    return CompiledSteps(samples, start, reg_covar, equal_weights, largest_sq_shift, stopping)
