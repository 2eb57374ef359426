"""Checks of arguments that are no data: parameters of constructors, and numbers for methods.

Every function returns the checked value or raises an error; none changes its arguments. Messages
follow scikit-learn's wording, which user code and its tests match.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Collection, Mapping
from typing import SupportsIndex

import numpy as np

from gmmx._core.interface.threads import MOST_THREADS
from gmmx.checks.random_state import LARGEST_SEED
from gmmx.exceptions import InvalidParameterError, invalid_parameter_error

# Tuples, since making a union of types takes longer than a check.
_INTEGERS = (int, np.integer)
_NUMBERS = (*_INTEGERS, float, np.floating)


class _Constraint:
    """A constraint on the value of a parameter: its description and its test."""

    def __init__(self, description: str, is_met_by: Callable[[object], bool | np.bool_]) -> None:
        self.description = description
        self.is_met_by = is_met_by


def _integer(minimum: int, maximum: float = math.inf) -> _Constraint:
    """Return the constraint to integers in a range."""
    end = ")" if maximum == math.inf else "]"
    return _Constraint(
        f"an int in the range [{minimum}, {maximum}{end}",
        lambda value: isinstance(value, _INTEGERS) and minimum <= value <= maximum,
    )


def _real(range_name: str, minimum: float) -> _Constraint:
    """Return the constraint to finite numbers of at least `minimum`."""
    return _Constraint(
        f"a float in the range {range_name}",
        lambda value: isinstance(value, _NUMBERS) and minimum <= value < math.inf,
    )


def _instance_of(kind: type) -> _Constraint:
    """Return the constraint to one type."""
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return _Constraint(
        f"an instance of '{module}{kind.__qualname__}'", lambda value: isinstance(value, kind)
    )


def _random_state() -> _Constraint:
    """Return the constraint to random number generators; its test imports `numpy.random`."""
    return _Constraint(
        "an instance of 'numpy.random.mtrand.RandomState'",
        lambda value: isinstance(value, np.random.RandomState),
    )


def _any_of(*constraints: _Constraint) -> _Constraint:
    """Return a constraint that is met if any of the given constraints is met."""
    *others, last = [constraint.description for constraint in constraints]
    return _Constraint(
        f"{', '.join(others)} or {last}",
        lambda value: any(constraint.is_met_by(value) for constraint in constraints),
    )


_BOOLEANS = (_instance_of(bool), _instance_of(np.bool_))
_NONNEGATIVE = _real("[0.0, inf)", 0.0)
_POSITIVE = _real("(0.0, inf)", sys.float_info.min)
_DECAY = _Constraint(
    "a float in the range (0.5, 1.0]",
    lambda value: isinstance(value, _NUMBERS) and 0.5 < value <= 1,
)
_SHARE = _Constraint(
    "a float in the range (0.0, 1.0)",
    lambda value: isinstance(value, _NUMBERS) and 0 < value < 1,
)
_NONE = _Constraint("None", lambda value: value is None)
_CALLABLE = _Constraint("a callable", callable)
_CONSTRAINTS = {
    "n_components": _integer(1),
    "min_components": _integer(1),
    "max_components": _integer(1),
    "tol": _NONNEGATIVE,
    "reg_covar": _NONNEGATIVE,
    "max_iter": _integer(0),
    "n_init": _integer(1),
    "n_bootstrap": _integer(2),
    "level": _SHARE,
    "random_state": _any_of(_integer(0, LARGEST_SEED), _random_state(), _NONE),
    "warm_start": _any_of(*_BOOLEANS),
    "equal_weights": _any_of(*_BOOLEANS),
    "verbose": _any_of(_integer(0), *_BOOLEANS),
    "verbose_interval": _integer(1),
    "callback": _any_of(_CALLABLE, _NONE),
    "n_threads": _any_of(_integer(1, MOST_THREADS), _NONE),
    "weight_concentration_prior": _any_of(_NONE, _POSITIVE),
    "mean_precision_prior": _any_of(_NONE, _POSITIVE),
    "degrees_of_freedom_prior": _any_of(_NONE, _POSITIVE),
    "learning_offset": _NONNEGATIVE,
    "learning_decay": _DECAY,
    "forget_factor": _any_of(_NONE, _SHARE),
}


def check_parameters(
    parameters: Mapping[str, object],
    estimator_name: str,
    options: Mapping[str, Collection[str]],
) -> None:
    """Raise InvalidParameterError if a parameter has a wrong type or value.

    Parameters
    ----------
    parameters : mapping of str to object
        The result of ``get_params``. Parameters without a known constraint are not checked.
    estimator_name : str
        Name of the estimator's class, for messages.
    options : mapping of str to collection of str
        Names of parameters, such as ``covariance_type``, and the strings that each accepts.

    Examples
    --------
    >>> from gmmx.checks.constructor import check_parameters
    >>> check_parameters({"n_components": 0}, "GaussianMixture", {})
    Traceback (most recent call last):
    ...
    gmmx.exceptions.InvalidParameterError: The 'n_components' parameter of GaussianMixture must be \
an int in the range [1, inf). Got 0 instead.
    """
    for name, value in parameters.items():
        if name in options:
            if not (isinstance(value, str) and value in options[name]):
                known = f"a str among {{{', '.join(map(repr, options[name]))}}}"
                raise _invalid_error(name, value, estimator_name, known)
        elif name in _CONSTRAINTS and not _CONSTRAINTS[name].is_met_by(value):
            raise _invalid_error(name, value, estimator_name, _CONSTRAINTS[name].description)


def _invalid_error(
    name: str, value: object, estimator_name: str, description: str
) -> InvalidParameterError:
    """Return the error for a parameter that does not meet the described constraint."""
    return invalid_parameter_error(
        f"The {name!r} parameter of {estimator_name} must be {description}. Got {value!r} instead."
    )


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


def check_sample_count(n_samples: SupportsIndex | float) -> int:
    """Return the number of samples to draw as an int.

    Parameters
    ----------
    n_samples : int, or float without a fraction
        At least 1.

    Returns
    -------
    int
        The same number.

    Examples
    --------
    >>> from gmmx.checks.constructor import check_sample_count
    >>> check_sample_count(1e3)
    1000
    >>> check_sample_count(0)
    Traceback (most recent call last):
    ...
    ValueError: Invalid value for 'n_samples': 0 . The sampling requires at least one sample.
    """
    if isinstance(n_samples, float | np.floating) and float(n_samples).is_integer():
        n_samples = int(n_samples)
    try:
        count = operator.index(n_samples)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"'n_samples' must be an int, got {n_samples!r} instead.") from None
    if count < 1:
        raise ValueError(
            f"Invalid value for 'n_samples': {count} . The sampling requires at least one sample."
        )
    return count


def check_quantile(quantile: float) -> float:
    """Return a quantile's probability as a float.

    Parameters
    ----------
    quantile : float
        In [0, 1].

    Returns
    -------
    float
        The same number.

    Examples
    --------
    >>> from gmmx.checks.constructor import check_quantile
    >>> check_quantile(1.5)
    Traceback (most recent call last):
    ...
    ValueError: 'quantile' must be a number in [0, 1], got 1.5 instead.
    """
    if not (isinstance(quantile, _NUMBERS) and 0 <= quantile <= 1):
        raise ValueError(f"'quantile' must be a number in [0, 1], got {quantile!r} instead.")
    return float(quantile)
