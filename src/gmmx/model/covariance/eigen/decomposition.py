"""Volumes, shapes and orientations of covariance matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.covariance.cholesky import DegenerateCovarianceError

if TYPE_CHECKING:
    from gmmx.arrays import Array

# Updates of an iterative M-step. An M-step that starts from the covariances of the E-step need not
# converge: EM has the same fixpoints with one update, and hardly fewer iterations with many.
UPDATES_OF_STEP = 3
UPDATES_OF_START = 1000
SMALLEST_CHANGE = 1e-14  # of the logarithms of volumes


def updates(previous: Array | None) -> range:
    """Return the numbers of the updates that an M-step makes at most."""
    return range(UPDATES_OF_START if previous is None else UPDATES_OF_STEP)


def composed(orientation: Array, variances: Array) -> Array:
    """Return orientation diag(variances) orientation^T, exactly symmetric."""
    transposed = np.swapaxes(orientation, -1, -2)
    matrices = (orientation * variances[..., np.newaxis, :]) @ transposed
    return np.asarray(0.5 * (matrices + np.swapaxes(matrices, -1, -2)))


def log_volumes(variances: Array) -> Array:
    """Return the logarithm of the geometric mean of the variances along the last axis."""
    return np.asarray(np.log(variances).mean(axis=-1))


def check_volumes(volumes: Array) -> None:
    """Raise `DegenerateCovarianceError` if a component has no volume."""
    if not volumes.min() > 0:
        raise DegenerateCovarianceError(component=int(np.argmin(volumes)))


def have_converged(volumes: Array, before: Array | None) -> bool:
    """Return whether an update has changed the volumes by rounding only."""
    if before is None:
        return False
    return bool((np.abs(volumes - before) <= SMALLEST_CHANGE * volumes).all())
