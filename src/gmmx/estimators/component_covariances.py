"""Covariance matrices and standard deviations of the components of a mixture of any structure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from gmmx.model.covariance import CovarianceStructure

if TYPE_CHECKING:
    from gmmx.arrays import Array, NDArray


class FittedMixture(Protocol):
    """A mixture with means and covariances: an estimator, or a search."""

    means_: NDArray[np.floating]
    covariances_: NDArray[np.floating]

    def _structure(self) -> type[CovarianceStructure]: ...


def component_covariances(model: FittedMixture) -> Array:
    """Return the covariance matrices of a mixture, (n_components, n_features, n_features)."""
    return covariance_matrices(model._structure(), model.covariances_, model.means_.shape)


def component_deviations(model: FittedMixture) -> Array:
    """Return the standard deviations of the features, (n_components, n_features)."""
    return np.sqrt(feature_variances(model._structure(), model.covariances_, model.means_.shape))


def covariance_matrices(
    structure: type[CovarianceStructure],
    covariances: NDArray[np.floating],
    shape: tuple[int, ...],
) -> Array:
    """Return covariances in the shape of a structure as a matrix for each component.

    Parameters
    ----------
    structure : type[CovarianceStructure]
        Covariance structure.
    covariances : ndarray of shape ``structure.covariance_shape(n_components, n_features)``
        Covariances.
    shape : (int, int)
        Numbers of components and features.
    """
    values = np.asarray(covariances, dtype=np.float64)
    return structure.from_covariances(values, *shape).dense()


def feature_variances(
    structure: type[CovarianceStructure],
    covariances: NDArray[np.floating],
    shape: tuple[int, ...],
) -> Array:
    """Return the variances of the features, (n_components, n_features), without matrices.

    The parameters are those of `covariance_matrices`.
    """
    variances = np.asarray(covariances, dtype=np.float64)
    if structure.are_matrices:
        variances = np.einsum("...dd->...d", variances)
    elif "feature" not in structure.axes:
        variances = variances[..., np.newaxis]
    return np.broadcast_to(variances, shape)
