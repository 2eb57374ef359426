"""Check of the shapes of fitted attributes."""

from __future__ import annotations

from typing import Any

import numpy as np

from gmmx.model.covariance import STRUCTURES_BY_NAME

_NEEDED = ("weights_", "means_", "precisions_cholesky_")  # attributes that predictions read


def check_shapes(covariance_type: str, fitted: dict[str, Any]) -> None:
    """Raise ValueError unless the shapes of a mixture's fitted attributes agree."""
    if covariance_type not in STRUCTURES_BY_NAME:
        raise ValueError(f"covariance_type is {covariance_type!r}")
    shape = np.asarray(fitted.get("means_")).shape
    if len(shape) != 2 or 0 in shape:
        raise ValueError(f"means_ has the shape {shape}, expected (n_components, n_features)")
    structure = STRUCTURES_BY_NAME[covariance_type]
    covariance_shape = structure.covariance_shape(*shape)
    concentrations = np.shape(fitted.get("weight_concentration_", 0.0))
    expected = {
        "weights_": shape[:1],
        "means_": shape,
        "precisions_cholesky_": covariance_shape,
        "precisions_": covariance_shape,
        "covariances_": covariance_shape,
        "weight_concentration_": (2, *shape[:1]) if len(concentrations) == 2 else shape[:1],
        "mean_precision_": shape[:1],
        "degrees_of_freedom_": shape[:1] if "component" in structure.axes else (),
    }
    for name, own_shape in expected.items():
        values = np.asarray(fitted.get(name))
        is_there = name in fitted or name in _NEEDED
        if is_there and (values.shape != own_shape or values.dtype.kind not in "fiu"):
            raise ValueError(
                f"{name} has the shape {values.shape} and dtype {values.dtype}, expected numbers "
                f"of shape {own_shape}"
            )
    names = fitted.get("feature_names_in_", range(shape[1]))
    if fitted.get("n_features_in_", shape[1]) != shape[1] or len(names) != shape[1]:
        raise ValueError("its number of features, or of feature names, differs from that of means_")
