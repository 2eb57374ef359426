"""Checks of what a user passes besides data: parameters of the constructor and of ``sample``.

Every function returns what may be used or raises; none changes its arguments. Messages follow
scikit-learn's wording, which user code and its tests match.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, SupportsIndex

import numpy as np

from gmmx.generators import seeded_generator
from gmmx.validation import as_float_array, check_finite

if TYPE_CHECKING:
    from gmmx.arrays import FloatArray, NDArray

_SYMMETRY_TOLERANCE = 1e-5
_ROUNDING = 4.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class _Constraint:
    """What a parameter must be, in words and as a test."""

    description: str
    is_met_by: Callable[[object], bool | np.bool_]


def _integer(minimum: int, maximum: float = math.inf) -> _Constraint:
    """Return the constraint to integers of a range."""
    end = ")" if maximum == math.inf else "]"
    return _Constraint(
        f"an int in the range [{minimum}, {maximum}{end}",
        lambda value: isinstance(value, int | np.integer) and minimum <= value <= maximum,
    )


def _real(range_name: str, minimum: float) -> _Constraint:
    """Return the constraint to finite numbers of at least `minimum`."""
    return _Constraint(
        f"a float in the range {range_name}",
        lambda value: (
            isinstance(value, int | float | np.integer | np.floating)
            and minimum <= value < math.inf
        ),
    )


def _instance_of(kind: type) -> _Constraint:
    """Return the constraint to one type."""
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return _Constraint(
        f"an instance of '{module}{kind.__qualname__}'", lambda value: isinstance(value, kind)
    )


def _random_state() -> _Constraint:
    """Return the constraint to random number generators, without importing `numpy.random` yet."""
    return _Constraint(
        "an instance of 'numpy.random.mtrand.RandomState'",
        lambda value: isinstance(value, np.random.RandomState),
    )


@cache
def _option(names: tuple[str, ...]) -> _Constraint:
    """Return the constraint to one of the given strings."""
    return _Constraint(
        f"a str among {{{', '.join(map(repr, names))}}}",
        lambda value: isinstance(value, str) and value in names,
    )


def _any_of(*constraints: _Constraint) -> _Constraint:
    """Return the constraint to what meets one of the given constraints."""
    *others, last = [constraint.description for constraint in constraints]
    return _Constraint(
        f"{', '.join(others)} or {last}",
        lambda value: any(constraint.is_met_by(value) for constraint in constraints),
    )


_BOOLEANS = (_instance_of(bool), _instance_of(np.bool_))
_NONNEGATIVE = _real("[0.0, inf)", 0.0)
_POSITIVE = _real("(0.0, inf)", sys.float_info.min)
_NONE = _Constraint("None", lambda value: value is None)
_CALLABLE = _Constraint("a callable", callable)
_CONSTRAINTS = {
    "n_components": _integer(1),
    "tol": _NONNEGATIVE,
    "reg_covar": _NONNEGATIVE,
    "max_iter": _integer(0),
    "n_init": _integer(1),
    "random_state": _any_of(_integer(0, 2**32 - 1), _random_state(), _NONE),
    "warm_start": _any_of(*_BOOLEANS),
    "verbose": _any_of(_integer(0), *_BOOLEANS),
    "verbose_interval": _integer(1),
    "callback": _any_of(_CALLABLE, _NONE),
    "n_threads": _any_of(_integer(1, 2**31 - 1), _NONE),
    "weight_concentration_prior": _any_of(_NONE, _POSITIVE),
    "mean_precision_prior": _any_of(_NONE, _POSITIVE),
    "degrees_of_freedom_prior": _any_of(_NONE, _POSITIVE),
}


def check_parameters(
    parameters: Mapping[str, object],
    estimator_name: str,
    options: Mapping[str, Iterable[str]],
) -> None:
    """Raise ValueError if a parameter of the constructor has a wrong type or value.

    Parameters
    ----------
    parameters : mapping of str to object
        What ``get_params`` returns. Parameters without a known constraint are not looked at.
    estimator_name : str
        Name of the estimator's class, for messages.
    options : mapping of str to iterable of str
        The strings allowed for each parameter that takes one of a few, such as
        ``covariance_type``.

    Examples
    --------
    >>> from gmmx.parameter_validation import check_parameters
    >>> check_parameters({"n_components": 0}, "GaussianMixture", {})
    Traceback (most recent call last):
    ...
    ValueError: The 'n_components' parameter of GaussianMixture must be an int in the range \
[1, inf). Got 0 instead.
    """
    for name, value in parameters.items():
        constraint = _option(tuple(options[name])) if name in options else _CONSTRAINTS.get(name)
        if constraint is not None and not constraint.is_met_by(value):
            raise ValueError(
                f"The {name!r} parameter of {estimator_name} must be "
                f"{constraint.description}. Got {value!r} instead."
            )


def check_random_state(seed: int | np.random.RandomState | None) -> np.random.RandomState:
    """Return the random number generator that `seed` stands for.

    Parameters
    ----------
    seed : int, RandomState or None
        None stands for the generator behind the functions of `numpy.random`.

    Returns
    -------
    numpy.random.RandomState
        A new one for an int, else an existing one, whose state moves on as it is used.
    """
    if seed is None:
        return np.random.mtrand._rand
    if isinstance(seed, np.random.RandomState):
        return seed
    if isinstance(seed, int | np.integer):
        return seeded_generator(int(seed))
    raise ValueError(f"{seed!r} cannot be used to seed a numpy.random.RandomState instance")


def check_component_count(n_components: int, n_samples: int) -> None:
    """Raise ValueError if there are more components than samples.

    Parameters
    ----------
    n_components, n_samples : int
        Numbers of components to fit and of samples to fit them to.
    """
    if n_samples < n_components:
        raise ValueError(
            f"Expected n_samples >= n_components but got n_components = {n_components}, "
            f"n_samples = {n_samples}"
        )


def check_sample_count(n_samples: SupportsIndex) -> int:
    """Return the number of samples to draw as an int.

    Parameters
    ----------
    n_samples : int
        At least 1.

    Returns
    -------
    int
        The same number.

    Examples
    --------
    >>> from gmmx.parameter_validation import check_sample_count
    >>> check_sample_count(0)
    Traceback (most recent call last):
    ...
    ValueError: Invalid value for 'n_samples': 0 . The sampling requires at least one sample.
    """
    try:
        count = operator.index(n_samples)
    except TypeError:
        raise TypeError(f"'n_samples' must be an int, got {n_samples!r} instead.") from None
    if count < 1:
        raise ValueError(
            f"Invalid value for 'n_samples': {count} . The sampling requires at least one sample."
        )
    return count


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
    >>> from gmmx.parameter_validation import check_weights
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
    """Return precisions or covariances that the user gives as a new array.

    Parameters
    ----------
    values : array-like
        Matrices, or numbers for single features.
    parameter : str
        Name of the argument, for messages.
    name : str
        What one value is called, such as ``'full precision'``, for messages.
    expected_shape : tuple of int
        Shape that the covariance structure gives them.
    are_matrices : bool
        Whether the last two axes are matrices, which must be symmetric and positive definite. If
        not, every number must be positive.

    Returns
    -------
    ndarray of shape `expected_shape`
        float32 if `values` is, else float64. Matrices are exactly symmetric.

    Examples
    --------
    >>> from gmmx.parameter_validation import check_definite
    >>> check_definite([[2.0, 3.0], [3.0, 2.0]], "precisions_init", "tied precision", (2, 2),
    ...                are_matrices=True)
    Traceback (most recent call last):
    ...
    ValueError: 'tied precision' should be symmetric, positive-definite
    """
    array = checked_copy(values, parameter, name, expected_shape)
    if not are_matrices:
        if (array <= 0.0).any():
            raise ValueError(f"'{name}' should be positive, but got {array.min()}")
        return array
    for component, matrix in enumerate(array.reshape(-1, *array.shape[-2:])):
        if not _is_positive_definite(matrix.astype(np.float64)):
            of_component = f", but that of component {component} is not" if array.ndim > 2 else ""
            raise ValueError(f"'{name}' should be symmetric, positive-definite{of_component}")
    # Inverses of covariances are symmetric up to rounding only. Of the two halves this keeps the
    # one scikit-learn reads.
    upper = np.triu(array)
    return upper + np.swapaxes(np.triu(array, 1), -1, -2)


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


def _is_positive_definite(matrix: NDArray[np.float64]) -> bool:
    """Return whether `matrix` is symmetric and positive definite, whatever its features' units."""
    diagonal = np.diagonal(matrix)
    if (diagonal <= 0.0).any():
        return False
    scale = np.sqrt(diagonal)
    with np.errstate(all="ignore"):
        scaled = matrix / scale[:, np.newaxis] / scale
        asymmetry = np.abs(scaled - scaled.T).max()
    if not asymmetry <= _SYMMETRY_TOLERANCE:
        return False
    # The smallest eigenvalue of a singular matrix is rounding error alone, of either sign.
    eigenvalues = np.linalg.eigvalsh(scaled, UPLO="U")
    return bool(eigenvalues[0] > _ROUNDING * eigenvalues[-1])
