"""Parameters that the user gives: checked, and as the mixture takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.covariance import CovarianceStructure, DegenerateCovarianceError
from gmmx.matrix_validation import (
    check_definite,
    check_means,
    check_symmetric,
    check_weights,
    not_definite_error,
)
from gmmx.parameters import MixtureParameters

if TYPE_CHECKING:
    from gmmx.arrays import ArrayLike, FloatArray


def given_parameters(
    structure: type[CovarianceStructure],
    weights: ArrayLike,
    means: ArrayLike,
    covariances: ArrayLike,
) -> tuple[MixtureParameters, np.dtype[Any]]:
    """All parameters of a mixture in float64, and the precision that they were given in."""
    shape = np.shape(means)
    if len(shape) != 2 or 0 in shape:
        raise ValueError(
            "The parameter 'means' should have the shape of (n_components, n_features), but got "
            f"{shape}"
        )
    checked_weights = check_weights(weights, shape[0])
    checked_means = check_means(means, *shape)
    name = f"{structure.name} covariance"
    checked_covariances = check_symmetric(
        covariances, "covariances", name, structure.covariance_shape(*shape),
        are_matrices=structure.are_matrices,
    )  # fmt: skip
    try:
        covariance = structure.from_covariances(checked_covariances.astype(np.float64), *shape)
    except DegenerateCovarianceError as error:
        raise not_definite_error(name, error.component) from error
    parameters = MixtureParameters(
        checked_weights.astype(np.float64), checked_means.astype(np.float64), covariance
    )
    return parameters, np.result_type(checked_weights, checked_means, checked_covariances)


def given_start(
    structure: type[CovarianceStructure],
    shape: tuple[int, int],
    weights: ArrayLike | None,
    means: ArrayLike | None,
    precisions: ArrayLike | None,
) -> tuple[FloatArray | None, FloatArray | None, FloatArray | None]:
    """Starting weights, means and precisions, where there are any."""
    return (
        None if weights is None else check_weights(weights, shape[0]),
        None if means is None else check_means(means, *shape),
        None
        if precisions is None
        else check_definite(
            precisions, "precisions_init", f"{structure.name} precision",
            structure.covariance_shape(*shape), are_matrices=structure.are_matrices,
        ),
    )  # fmt: skip
