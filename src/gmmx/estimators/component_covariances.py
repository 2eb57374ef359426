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
    covariances = np.asarray(model.covariances_, dtype=np.float64)
    return model._structure().from_covariances(covariances, *model.means_.shape).dense()


def component_deviations(model: FittedMixture) -> Array:
    """Return the standard deviations of the features, (n_components, n_features)."""
    structure, variances = model._structure(), np.asarray(model.covariances_, dtype=np.float64)
    if structure.are_matrices:
        variances = np.einsum("...dd->...d", variances)
    elif "feature" not in structure.axes:
        variances = variances[..., np.newaxis]
    return np.sqrt(np.broadcast_to(variances, model.means_.shape))
