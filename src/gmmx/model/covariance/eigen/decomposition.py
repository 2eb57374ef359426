"""Volumes, shapes and orientations of covariance matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gmmx.model.covariance.cholesky import DegenerateCovarianceError

if TYPE_CHECKING:
    from gmmx.arrays import Array


class Iteration(NamedTuple):
    """Bounds of an iterative M-step.

    Attributes
    ----------
    most_updates : int
        Largest number of updates.
    smallest_change : float
        Relative change of the volumes, or angle of the axes, that ends the updates after the first.
    """

    most_updates: int
    smallest_change: float


# A step that starts from the covariances of the E-step need not converge: EM has the same fixpoints
# with one update, and needs hardly fewer iterations with many.
STEP = Iteration(most_updates=3, smallest_change=1e-3)
START = Iteration(most_updates=100, smallest_change=1e-14)

# For matrices of more features `eigh` of OpenBLAS starts threads, which spin after the call and
# slow down the next pass over the samples. Another driver of LAPACK does without them.
MOST_FEATURES_OF_EIGH = 25
MOST_FEATURES_OF_SYEV = 64  # it is much slower for larger matrices


def eigen(matrices: Array) -> tuple[Array, Array]:
    """Return eigenvalues (..., D) and eigenvectors (..., D, D) of symmetric matrices.

    The eigenvalues are in ascending order, and the eigenvectors are columns. An iteration of LAPACK
    that does not converge raises `numpy.linalg.LinAlgError`, as in NumPy.
    """
    n_features = matrices.shape[-1]
    if not MOST_FEATURES_OF_EIGH < n_features <= MOST_FEATURES_OF_SYEV:
        found = np.linalg.eigh(matrices)
        return found.eigenvalues, found.eigenvectors
    from scipy.linalg import lapack  # noqa: PLC0415 - few fits need it

    pairs = [lapack.dsyev(matrix) for matrix in matrices.reshape(-1, n_features, n_features)]
    if any(info != 0 for _, _, info in pairs):
        raise np.linalg.LinAlgError("Eigenvalues did not converge")
    eigenvalues = np.array([values for values, _, _ in pairs])
    vectors = np.array([vectors for _, vectors, _ in pairs])
    return eigenvalues.reshape(matrices.shape[:-1]), vectors.reshape(matrices.shape)


def iteration(previous: Array | None) -> Iteration:
    """Return the bounds of an M-step that starts from the `previous` covariances, if there are."""
    return START if previous is None else STEP


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
