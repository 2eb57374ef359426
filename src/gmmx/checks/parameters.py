"""Checks of the user's weights, means and matrices.

Every function returns the checked value or raises an error; none changes its arguments. Messages
follow scikit-learn's wording, which user code and its tests match.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.checks.samples import as_float_array, check_finite
from gmmx.model.covariance import ONE_FEATURE_NAMES, CovarianceStructure
from gmmx.model.covariance.cholesky import DegenerateCovarianceError, precision_cholesky
from gmmx.model.parameters import MixtureParameters

if TYPE_CHECKING:
    from gmmx.arrays import Array, ArrayLike, FloatArray, NDArray


_SYMMETRY_TOLERANCE = 1e-5
# Differences from the constraints that rounding explains: of any covariances in these dtypes, and
# of ill-conditioned ones in epsilons of the dtype for each unit of the condition number.
_CONSTRAINT_TOLERANCES = {np.dtype(np.float32): 1e-3, np.dtype(np.float64): 1e-5}
_EPSILONS_OF_CONDITION = 4.0
_ROUNDING = 4.0 * float(np.finfo(np.float64).eps)


def check_weights(weights: object, n_components: int) -> FloatArray:
    """Return the starting weights as a new array.

    Parameters
    ----------
    weights : array-like of shape (n_components,)
        Numbers in [0, 1] with sum 1.
    n_components : int
        Number of components.

    Returns
    -------
    ndarray of shape (n_components,)
        float32 if `weights` is, else float64.

    Examples
    --------
    >>> from gmmx.checks.parameters import check_weights
    >>> check_weights([0.25, 0.75], 2)
    array([0.25, 0.75])
    """
    array = checked_copy(weights, "weights_init", "weights", (n_components,))
    if array.min() < 0.0 or array.max() > 1.0:
        raise ValueError(
            "The parameter 'weights' should be in the range [0, 1], but got max value "
            f"{array.max():.5f}, min value {array.min():.5f}"
        )
    total = array.sum(dtype=np.float64)
    if abs(total - 1.0) > (1e-6 if array.dtype == np.float32 else 1e-8):
        raise ValueError(
            f"The parameter 'weights' should be normalized, but got sum(weights) = {total:.5f}"
        )
    return array


def check_equal_weights(weights: FloatArray | None, n_components: int) -> Array:
    """Return equal starting weights.

    Parameters
    ----------
    weights : ndarray of shape (n_components,) or None
        The user's starting weights, which must be equal up to rounding.
    n_components : int
        Number of components.

    Returns
    -------
    ndarray of shape (n_components,)
        1 / n_components each.

    Examples
    --------
    >>> from gmmx.checks.parameters import check_equal_weights
    >>> check_equal_weights(None, 2)
    array([0.5, 0.5])
    """
    equal = np.full(n_components, 1 / n_components)
    if weights is not None and not np.allclose(weights, equal, rtol=1e-6, atol=0.0):
        raise ValueError(
            "equal_weights=True keeps all weights at 1 / n_components, but weights_init holds "
            f"values from {weights.min():.5f} to {weights.max():.5f}. Leave out weights_init, or "
            "set equal_weights=False."
        )
    return equal


def check_means(means: object, n_components: int, n_features: int) -> FloatArray:
    """Return the starting means as a new array.

    Parameters
    ----------
    means : array-like of shape (n_components, n_features)
        Finite numbers.
    n_components, n_features : int
        Numbers of components and features.

    Returns
    -------
    ndarray of shape (n_components, n_features)
        float32 if `means` is, else float64.
    """
    return checked_copy(means, "means_init", "means", (n_components, n_features))


def check_definite(
    values: object,
    parameter: str,
    name: str,
    expected_shape: tuple[int, ...],
    *,
    are_matrices: bool,
) -> FloatArray:
    """Return the user's precisions or covariances as a new array.

    Parameters
    ----------
    values : array-like
        Matrices, or numbers for single features.
    parameter : str
        Name of the argument, for messages.
    name : str
        Name of one value, such as ``'full precision'``, for messages.
    expected_shape : tuple of int
        Shape of the precisions or covariances of the covariance structure.
    are_matrices : bool
        Whether the last two axes are matrices, which must be symmetric and positive definite. If
        not, every number must be positive.

    Returns
    -------
    ndarray of shape `expected_shape`
        float32 if `values` is, else float64. Matrices are exactly symmetric.

    Examples
    --------
    >>> from gmmx.checks.parameters import check_definite
    >>> check_definite([[2.0, 3.0], [3.0, 2.0]], "precisions_init", "tied precision", (2, 2),
    ...                are_matrices=True)
    Traceback (most recent call last):
    ...
    ValueError: 'tied precision' should be symmetric, positive-definite
    """
    array = check_symmetric(values, parameter, name, expected_shape, are_matrices=are_matrices)
    if are_matrices:
        for component, matrix in enumerate(array.reshape(-1, *array.shape[-2:])):
            if not _is_definite(matrix.astype(np.float64)):
                raise not_definite_error(name, component if array.ndim > 2 else None)
    return array


def check_symmetric(
    values: object,
    parameter: str,
    name: str,
    expected_shape: tuple[int, ...],
    *,
    are_matrices: bool,
) -> FloatArray:
    """Do the checks of `check_definite`, except that matrices may be singular.

    Parameters
    ----------
    values, parameter, name, expected_shape, are_matrices
        As in `check_definite`.

    Returns
    -------
    ndarray of shape `expected_shape`
        float32 if `values` is, else float64. Matrices are exactly symmetric, with positive
        diagonals.
    """
    array = checked_copy(values, parameter, name, expected_shape)
    if not are_matrices:
        if (array <= 0.0).any():
            raise ValueError(f"'{name}' should be positive, but got {array.min()}")
        return array
    for component, matrix in enumerate(array.reshape(-1, *array.shape[-2:])):
        if not _is_symmetric(matrix.astype(np.float64)):
            raise not_definite_error(name, component if array.ndim > 2 else None)
    # Inverses of covariances are symmetric up to rounding only. The upper half, which scikit-learn
    # reads, replaces the lower half.
    upper = np.triu(array)
    return upper + np.swapaxes(np.triu(array, 1), -1, -2)


def not_definite_error(name: str, component: int | None) -> ValueError:
    """Return the error for a matrix that is not symmetric and positive definite.

    Parameters
    ----------
    name : str
        Name of one matrix.
    component : int or None
        Index of the matrix's component; None for a shared matrix.

    Returns
    -------
    ValueError
        With scikit-learn's message.
    """
    of_component = "" if component is None else f", but the matrix of component {component} is not"
    return ValueError(f"'{name}' should be symmetric, positive-definite{of_component}")


def checked_copy(
    values: object, argument: str, quantity: str, expected_shape: tuple[int, ...]
) -> FloatArray:
    """Return a copy of `values` as finite floats of the expected shape."""
    array = as_float_array(values, argument).copy()
    if array.shape != expected_shape:
        raise ValueError(
            f"The parameter '{quantity}' should have the shape of {expected_shape}, but got "
            f"{array.shape}"
        )
    check_finite(array, argument)
    return array


def _is_symmetric(matrix: NDArray[np.float64]) -> bool:
    """Return whether `matrix` is symmetric, with a positive diagonal, in any units."""
    if (np.diagonal(matrix) <= 0.0).any():
        return False
    with np.errstate(all="ignore"):
        scaled = _scaled(matrix)
        asymmetry = np.abs(scaled - scaled.T).max()
    return bool(asymmetry <= _SYMMETRY_TOLERANCE)


def _scaled(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a symmetric matrix in units in which its diagonal is 1."""
    scale = np.sqrt(np.diagonal(matrix))
    return matrix / scale[:, np.newaxis] / scale


def _is_definite(matrix: NDArray[np.float64]) -> bool:
    """Return whether a symmetric matrix is positive definite, in any units of the features."""
    scaled = _scaled(matrix)
    if _least_eigenvalue(scaled) > _ROUNDING * len(scaled):
        return True
    # The smallest eigenvalue of a singular matrix is rounding error alone, of either sign.
    eigenvalues = np.linalg.eigvalsh(scaled, UPLO="U")
    return bool(eigenvalues[0] > _ROUNDING * eigenvalues[-1])


def _least_eigenvalue(matrix: NDArray[np.float64]) -> float:
    """Return a lower bound of the least eigenvalue: 1 / |L^-1|^2 of matrix = L L^T, or 0.

    The bound is cheaper to compute than the eigenvalue.
    """
    try:
        factor = precision_cholesky(matrix)
    except DegenerateCovarianceError:
        return 0.0
    return float(1.0 / np.square(factor).sum())


def check_warm_start(
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    expected: tuple[tuple[int, ...], tuple[int, ...]],
) -> None:
    """Raise ValueError if a warm start or `partial_fit` cannot continue from the last solution.

    Parameters
    ----------
    shapes : pair of tuple of int
        Shapes of the means and of the covariances of the last solution.
    expected : pair of tuple of int
        Shapes that the constructor's parameters and the samples require.
    """
    if shapes != expected:
        raise ValueError(
            f"warm_start and partial_fit continue from means {shapes[0]} and covariances "
            f"{shapes[1]}, but n_components, covariance_type and X ask for {expected[0]} and "
            f"{expected[1]}. To start anew, call fit with warm_start=False."
        )


def check_name_for_features(covariance_type: str, n_features: int) -> None:
    """Raise ValueError if a name of mclust's for one feature is used for more features.

    Parameters
    ----------
    covariance_type : str
        A name of a covariance structure.
    n_features : int
        Number of features of the samples.
    """
    if covariance_type in ONE_FEATURE_NAMES and n_features > 1:
        raise ValueError(
            f"covariance_type={covariance_type!r} is for samples of one feature, but there are "
            f"{n_features} features. Set covariance_type to "
            f"{ONE_FEATURE_NAMES[covariance_type]!r}, or to another structure."
        )


def given_parameters(
    structure: type[CovarianceStructure],
    weights: ArrayLike,
    means: ArrayLike,
    covariances: ArrayLike,
) -> tuple[MixtureParameters, np.dtype[Any]]:
    """Return the user's parameters of a mixture in float64, and the dtype they were given in."""
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
        _check_constraints(covariance, name, checked_covariances.dtype)
    except DegenerateCovarianceError as error:
        raise not_definite_error(name, error.component) from error
    parameters = MixtureParameters(
        checked_weights.astype(np.float64), checked_means.astype(np.float64), covariance
    )
    return parameters, np.result_type(checked_weights, checked_means, checked_covariances)


def given_precisions(
    structure: type[CovarianceStructure], shape: tuple[int, int], precisions: ArrayLike
) -> FloatArray:
    """Return the user's starting precisions as a new array."""
    name = f"{structure.name} precision"
    array = check_definite(
        precisions, "precisions_init", name, structure.covariance_shape(*shape),
        are_matrices=structure.are_matrices,
    )  # fmt: skip
    try:
        with np.errstate(all="ignore"):
            covariance = structure.from_precisions(array.astype(np.float64), *shape)
        _check_constraints(covariance, name, array.dtype)
    except DegenerateCovarianceError as error:
        raise not_definite_error(name, error.component) from error
    return array


def _check_constraints(
    covariance: CovarianceStructure, name: str, dtype: np.dtype[np.floating]
) -> None:
    """Raise ValueError unless covariances, given in a dtype, satisfy their structure."""
    if not satisfies_constraints(covariance, dtype):
        with np.errstate(all="ignore"):
            violation = covariance.constraint_violation()
        raise ValueError(
            f"'{name}' should satisfy the constraints of covariance_type={covariance.name!r}, but "
            f"the nearest covariances that satisfy them differ by {violation:.2g} standard "
            "deviations. Give such covariances, or set another covariance_type."
        )


def satisfies_constraints(covariance: CovarianceStructure, dtype: np.dtype[Any]) -> bool:
    """Return whether covariances satisfy their structure up to rounding to a dtype."""
    with np.errstate(all="ignore"):
        violation = covariance.constraint_violation()
    if violation <= _CONSTRAINT_TOLERANCES[dtype]:
        return True
    rounding = _EPSILONS_OF_CONDITION * float(np.finfo(dtype).eps)
    return bool(violation <= rounding * _largest_condition(covariance))


def _largest_condition(covariance: CovarianceStructure) -> float:
    """Return the largest condition number of the covariance matrices, 1 if they are diagonal."""
    if not covariance.are_matrices:
        return 1.0
    return float(np.linalg.cond(covariance.dense()).max())
