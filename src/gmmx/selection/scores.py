"""Log-likelihood and certainty of a mixture, summed over a source of samples."""

from __future__ import annotations

import numpy as np

from gmmx._core.interface.prediction import Predictor
from gmmx.samples.windowed_source import WindowedSource


def scores_of(predictor: Predictor, samples: WindowedSource) -> tuple[float, float]:
    """Return the log-likelihood of the samples, and sum_i log max_k p(k | x_i) for ICL.

    Parameters
    ----------
    predictor : Predictor
        Predictor of a mixture.
    samples : WindowedSource
        The samples; a weight counts repetitions.

    Returns
    -------
    tuple of float
        Both in nats.

    Raises
    ------
    ValueError
        If samples are not finite, which were finite before.
    """
    log_likelihood = log_certainty = 0.0
    for window in samples.windows():
        log_prob, resp = (
            output(predictor, window.X, samples.n_threads)
            for output in (Predictor.log_prob, Predictor.resp)
        )
        if log_prob is None or resp is None:
            raise ValueError("X changed while it was read: numbers in it are no longer finite.")
        weight = np.ones(len(window.X)) if window.weight is None else window.weight
        log_likelihood += float((weight * log_prob).sum(dtype=np.float64))
        log_certainty += float((weight * np.log(resp.max(axis=1))).sum(dtype=np.float64))
    return log_likelihood * samples.weight_unit, log_certainty * samples.weight_unit
