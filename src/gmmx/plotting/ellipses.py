"""Ellipses of covariance matrices, and affine maps of Gaussian distributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from gmmx.arrays import Array


def check_levels(levels: float | Sequence[float], name: str) -> list[float]:
    """Return distinct probabilities in ascending order; raise unless all are in (0, 1)."""
    given = np.asarray(levels)
    if given.dtype.kind not in "iuf" or not given.size or not ((given > 0) & (given < 1)).all():
        raise ValueError(
            f"{name}={levels!r}; expected probabilities greater than 0 and less than 1"
        )
    return [float(value) for value in np.unique(given)]


def ellipse_scale(level: float) -> float:
    """Return the Mahalanobis distance from the mean to the ellipse of a probability.

    The squared distance of two normal features has the chi-squared distribution with 2 degrees of
    freedom, whose quantile is -2 log(1 - level).

    Parameters
    ----------
    level : float
        Probability that the ellipse holds.

    Examples
    --------
    >>> round(ellipse_scale(0.95), 3)  # the square root of 5.99
    2.448
    """
    return float(np.sqrt(-2 * np.log1p(-level)))


def principal_axes(covariance: Array) -> Array:
    """Return half axes of the ellipse of scale 1 of a (2, 2) matrix in rows, the longer first."""
    variances, directions = np.linalg.eigh(covariance)
    half_axes: Array = (np.sqrt(np.maximum(variances, 0.0)) * directions).T[::-1]
    return half_axes


def inverse_map(scaler: Any, n_features: int) -> tuple[Array, Array]:
    """Return the matrix and the offset of the map that undoes a scaler.

    Parameters
    ----------
    scaler : object
        A fitted scaler with the method `inverse_transform`.
    n_features : int
        Number of features of scaled samples.

    Returns
    -------
    matrix : ndarray of shape (n_features, n_original_features)
        Scaled samples `Z` are `Z @ matrix + offset` in the original units.
    offset : ndarray of shape (n_original_features,)

    Raises
    ------
    ValueError
        If `inverse_transform` is not an affine map.
    """
    # The map follows from zero and the unit vectors; samples farther out test whether it is affine.
    tests = np.random.default_rng(0).normal(scale=3.0, size=(8, n_features))
    scaled = np.concatenate([np.zeros((1, n_features)), np.eye(n_features), tests])
    values = np.asarray(scaler.inverse_transform(scaled), dtype=np.float64)
    offset = values[0]
    matrix = values[1 : n_features + 1] - offset
    # Offsets may be much larger than the map; only their rounding is tolerated.
    size = np.abs(values - offset).max(axis=0)
    errors = np.abs(tests @ matrix + offset - values[n_features + 1 :])
    if not (errors <= 1e-6 * size + 1e-12 * np.abs(offset)).all():
        raise ValueError(
            f"{scaler!r} is not an affine map, so that ellipses in scaled units are no ellipses in "
            "the original units; draw scaler.transform(X) without a scaler"
        )
    return matrix, offset
