"""Checks of fitted attributes, which a file or the user may have set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.model.covariance import STRUCTURES_BY_NAME

if TYPE_CHECKING:
    from gmmx.model.covariance import CovarianceStructure

_NEEDED = ("weights_", "means_", "precisions_cholesky_")  # attributes that predictions read


def check_fitted_shapes(covariance_type: str, fitted: Mapping[str, Any]) -> None:
    """Raise ValueError unless the shapes of a mixture's fitted attributes agree.

    Parameters
    ----------
    covariance_type : str
        Covariance type of the model.
    fitted : mapping
        All fitted attributes of the model.
    """
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
    for problem in _wrong_shapes({**dict.fromkeys(_NEEDED), **fitted}, expected):
        raise ValueError(problem)
    check_fitted_feature_count(shape[1], fitted.get("n_features_in_", shape[1]))
    names = fitted.get("feature_names_in_", range(shape[1]))
    if len(names) != shape[1]:
        raise ValueError(f"means_ holds {shape[1]} features, but feature_names_in_ {len(names)}")


def check_fitted_matrices(
    fitted: Mapping[str, Any], structure: type[CovarianceStructure], shape: tuple[int, ...]
) -> None:
    """Raise ValueError if fitted matrices do not belong to the covariance type.

    Parameters
    ----------
    fitted : mapping
        Attributes of a model.
    structure : type of CovarianceStructure
        Structure of the model's present `covariance_type`.
    shape : tuple of int
        Shape of the means.
    """
    covariance_shape = structure.covariance_shape(*shape)
    expected = {"precisions_cholesky_": covariance_shape, "covariances_": covariance_shape}
    for problem in _wrong_shapes(fitted, expected):
        raise ValueError(
            f"{problem}, which covariance_type={structure.name!r} asks for. Set covariance_type to "
            "that of the last fit, or fit again."
        )
    factors = fitted.get("precisions_cholesky_", 1.0)
    if not structure.are_matrices and not np.all(factors > 0):
        raise ValueError(
            f"precisions_cholesky_ holds values that are not positive, but covariance_type="
            f"{structure.name!r} asks for variances. Set covariance_type to that of the last fit, "
            "or fit again."
        )


def _wrong_shapes(
    fitted: Mapping[str, Any], expected: Mapping[str, tuple[int, ...]]
) -> Iterator[str]:
    """Yield a message for each attribute that does not hold numbers of the expected shape."""
    for name, shape in expected.items():
        values = np.asarray(fitted.get(name))
        if name in fitted and (values.shape != shape or values.dtype.kind not in "fiu"):
            yield (
                f"{name} has the shape {values.shape} and dtype {values.dtype}, expected numbers "
                f"of shape {shape}"
            )


def check_fitted_feature_count(n_features: int, n_features_in: int) -> None:
    """Raise ValueError if `means_`, set by hand, does not have `n_features_in_` features.

    Parameters
    ----------
    n_features, n_features_in : int
        Number of features of `means_`, and the value of `n_features_in_`.
    """
    if n_features != n_features_in:
        raise ValueError(
            f"means_ holds {n_features} features, but n_features_in_ is {n_features_in}. Set "
            "attributes that belong together."
        )
