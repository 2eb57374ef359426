"""Stepwise EM: one step for each batch of a stream.

The statistics of a stream are a weighted mean over its batches, each with the responsibilities
of the parameters at its time. They are the sufficient statistics of the parameters, so that the
parameters themselves hold the whole past of a stream in constant memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import NamedTuple

import numpy as np

from gmmx.em.loop import EMResult, Steps, run_em
from gmmx.em.repair import Repair
from gmmx.model.parameters import MixtureParameters
from gmmx.model.statistics import SufficientStatistics
from gmmx.samples.array_source import ArraySource
from gmmx.samples.source import SampleSource
from gmmx.samples.stream_source import StreamSource


class StreamPlan(NamedTuple):
    """The parameters of a fitted mixture, in the form of a step of stepwise EM.

    Attributes
    ----------
    past : SufficientStatistics
        Statistics from which the M-step computes the parameters.
    n_seen : float or None
        Number of samples, or sum of their weights, that the parameters were fitted to; None if it
        is unknown.
    steps : callable
        Takes samples and returns the E-step and the M-step.
    attributes : callable
        Takes a result and returns the fitted attributes.
    repair : callable, optional
        Takes samples and returns a repair of collapsed components.
    """

    past: SufficientStatistics
    n_seen: float | None
    steps: Callable[[SampleSource], Steps]
    attributes: Callable[[EMResult], Mapping[str, object]]
    repair: Callable[[SampleSource], Repair] | None = None


class StepSize(NamedTuple):
    """The share of each batch in the statistics of a stream.

    If all batches are equally long, batch t has the share (offset + t)^-decay. For any batches, t
    is the number of samples up to the end of the batch, divided by the number of samples in it.
    Many small batches share like a large one: a batch with a part of `n_rows_full` rows gets this
    part of the share of a batch with `n_rows_full` rows. So the statistics always stand for at
    least that many rows, from which covariances can be estimated.

    Attributes
    ----------
    offset, decay : float
        The numbers of the formula.
    forget : float or None
        If given, the share of every batch.
    n_rows_full : int
        Number of rows that estimate the parameters well enough.

    References
    ----------
    Cappe, Moulines (2009), "On-line expectation-maximization algorithm for latent data models",
    Journal of the Royal Statistical Society B 71. Hoffman, Blei, Bach (2010), "Online learning for
    latent Dirichlet allocation", NIPS 23.

    Examples
    --------
    >>> batch = ArraySource(np.zeros((1000, 1)), n_threads=1)
    >>> StepSize(offset=0.0, decay=0.5, forget=None, n_rows_full=100).of(batch, n_seen=3000)
    (0.5, 4000.0)
    >>> StepSize(offset=0.0, decay=0.5, forget=0.1, n_rows_full=100).of(batch, n_seen=10_000)
    (0.1, 10000.0)
    """

    offset: float
    decay: float
    forget: float | None
    n_rows_full: int

    def of(self, batch: ArraySource, n_seen: float | None) -> tuple[float, float]:
        """Return the share of a batch, and the number of samples that the statistics stand for.

        Parameters
        ----------
        batch : ArraySource
            Samples of the batch.
        n_seen : float or None
            Number of samples, or sum of their weights, before the batch. None stands for
            `n_rows_full` samples like those of the batch.
        """
        n_batch = batch.total_weight * batch.weight_unit
        if n_seen is None:
            n_seen = self.n_rows_full * (n_batch / batch.n_samples)
        total = n_seen + n_batch
        if not isfinite(total):
            raise ValueError(
                f"The sum of the weights of all batches overflows: {n_seen:g} before and "
                f"{n_batch:g} in this batch. Scale sample_weight, for example to at most 1."
            )
        if self.forget is not None:
            return self.forget, total - self.forget * n_seen
        part = min(1.0, batch.n_samples / self.n_rows_full)
        return part * (self.offset + part * (total / n_batch)) ** -self.decay, total


def statistics_of(
    parameters: MixtureParameters, reg_covar: float, log_likelihood: float
) -> SufficientStatistics:
    """Return statistics of weight 1 from which the M-step computes the parameters.

    Parameters
    ----------
    parameters : MixtureParameters
        Weights, means and covariances.
    reg_covar : float
        Added to every variance by the M-step.
    log_likelihood : float
        Mean log-likelihood per sample, in nats.

    Returns
    -------
    SufficientStatistics
    """
    covariance, weights = parameters.covariance, parameters.weights
    return SufficientStatistics(
        covariance.layout, weights, np.zeros_like(parameters.means),
        covariance.scatter(weights, reg_covar), parameters.means, log_likelihood,
    )  # fmt: skip


def step_of_stream(
    parameters: MixtureParameters, plan: StreamPlan, batch: ArraySource, step_size: StepSize
) -> tuple[EMResult, float]:
    """Make one step of stepwise EM.

    Parameters
    ----------
    parameters : MixtureParameters
        Parameters before the batch.
    plan : StreamPlan
        Plan of the step.
    batch : ArraySource
        Samples of the batch.
    step_size : StepSize
        Share of the batch in the statistics.

    Returns
    -------
    EMResult
        The result of one iteration.
    float
        Number of samples that the statistics stand for.
    """
    share, n_seen = step_size.of(batch, plan.n_seen)
    source = StreamSource(batch, plan.past, share, n_seen)
    # The step checks its statistics for overflow; underflow does no harm.
    with np.errstate(all="ignore"):
        result = run_em(
            parameters, plan.steps(source), tol=0.0, max_iter=1,
            repair=plan.repair and plan.repair(source),
        )  # fmt: skip
    return result, n_seen
