"""Convert the parameters of a mixture to fitted attributes, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.checks.fitted import check_fitted_matrices
from gmmx.em.loop import EMResult
from gmmx.model.covariance import CovarianceStructure
from gmmx.model.parameters import MixtureParameters

if TYPE_CHECKING:
    from typing import TypedDict

    from gmmx.arrays import Array, NDArray

    class MixtureAttributes(TypedDict):
        """Fitted attributes that both mixtures have, except number and names of the features."""

        weights_: NDArray[np.floating]
        means_: NDArray[np.floating]
        covariances_: NDArray[np.floating]
        precisions_: NDArray[np.floating]
        precisions_cholesky_: NDArray[np.floating]
        converged_: bool
        n_iter_: int
        lower_bound_: np.float64
        lower_bounds_: list[np.float64]


def fitted_attributes(
    result: EMResult, dtype: np.dtype[Any] | type[np.float64]
) -> MixtureAttributes:
    """Return the fitted attributes of a result, with arrays of the given dtype."""
    parameters, covariance = result.parameters, result.parameters.covariance

    def array(values: Array) -> NDArray[np.floating]:
        return np.array(values, dtype=dtype)

    with np.errstate(all="ignore"):
        return {
            "weights_": array(parameters.weights),
            "means_": array(parameters.means),
            "covariances_": array(covariance.covariances),
            "precisions_": array(covariance.precisions()),
            "precisions_cholesky_": array(covariance.precisions_cholesky),
            "converged_": result.converged,
            "n_iter_": result.n_iter,
            "lower_bound_": np.float64(result.lower_bound),
            "lower_bounds_": [np.float64(bound) for bound in result.lower_bounds],
        }


def fitted_means_and_covariance(
    fitted: Mapping[str, Any], structure: type[CovarianceStructure]
) -> tuple[Array, CovarianceStructure]:
    """Return means and covariances in float64; precisions replace missing covariances."""
    means, factors = (
        np.ascontiguousarray(fitted[name], dtype=np.float64)
        for name in ("means_", "precisions_cholesky_")
    )
    factors = factors.reshape(np.shape(fitted["precisions_cholesky_"]))
    check_fitted_matrices(fitted, structure, means.shape)
    if "covariances_" not in fitted:
        unknown = structure(factors, factors, *means.shape)
        return means, structure.from_precisions(unknown.precisions(), *means.shape)
    covariances = np.asarray(fitted["covariances_"], dtype=np.float64)
    return means, structure(covariances, factors, *means.shape)


def fitted_distribution(
    fitted: Mapping[str, Any], structure: type[CovarianceStructure]
) -> MixtureParameters:
    """Return weights, means and covariances in float64, with NaN in place of precisions."""
    weights, means, covariances = (
        np.asarray(fitted[name], dtype=np.float64)
        for name in ("weights_", "means_", "covariances_")
    )
    check_fitted_matrices(fitted, structure, means.shape)
    unknown = np.full(covariances.shape, np.nan)
    return MixtureParameters(weights, means, structure(covariances, unknown, *means.shape))
