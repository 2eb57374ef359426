"""Labels of components that agree between two mixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from gmmx.model.parameters import MixtureParameters

if TYPE_CHECKING:
    from gmmx.arrays import Array


def matched(parameters: MixtureParameters, reference: MixtureParameters) -> MixtureParameters:
    """Return a mixture with its components in the order of the nearest ones of a reference.

    Each component of the reference gets one component of the mixture; the sum of their
    Bhattacharyya distances is as small as possible.

    Parameters
    ----------
    parameters, reference : MixtureParameters
        Mixtures with the same number of components.

    Returns
    -------
    MixtureParameters
        `parameters`, sorted.

    References
    ----------
    Stephens (2000), "Dealing with label switching in mixture models", Journal of the Royal
    Statistical Society B 62.
    """
    order = linear_sum_assignment(bhattacharyya_distances(reference, parameters))[1]
    if (order == np.arange(len(order))).all():
        return parameters
    return parameters.of(order)


def bhattacharyya_distances(first: MixtureParameters, second: MixtureParameters) -> Array:
    """Return the Bhattacharyya distances of components, (components of first, of second).

    It is 1/8 (m1 - m2)^T S^-1 (m1 - m2) + 1/2 log(det S / sqrt(det S1 det S2)), where S is the
    mean of the covariances S1 and S2.

    References
    ----------
    Bhattacharyya (1943), "On a measure of divergence between two statistical populations".
    """
    one, other = first.covariance.dense(), second.covariance.dense()
    mean = (one[:, np.newaxis] + other[np.newaxis]) / 2
    shifts = (first.means[:, np.newaxis] - second.means[np.newaxis])[..., np.newaxis]
    squares = (shifts * np.linalg.solve(mean, shifts)).sum(axis=(-2, -1))
    log_det_one, log_det_other, log_det_mean = (
        np.linalg.slogdet(matrices)[1] for matrices in (one, other, mean)
    )
    spread = log_det_mean - (log_det_one[:, np.newaxis] + log_det_other[np.newaxis]) / 2
    return np.asarray(squares / 8 + spread / 2)
