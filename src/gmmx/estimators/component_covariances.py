"""Covariance matrices of the components of a mixture with any structure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.covariance import STRUCTURES_BY_NAME

if TYPE_CHECKING:
    from gmmx.arrays import Array
    from gmmx.estimators.base import Mixture


def component_covariances(model: Mixture) -> Array:
    """Return the covariance matrices of a mixture, (n_components, n_features, n_features)."""
    structure = STRUCTURES_BY_NAME[model.covariance_type]
    covariances = np.asarray(model.covariances_, dtype=np.float64)
    return structure.from_covariances(covariances, *model.means_.shape).dense()
