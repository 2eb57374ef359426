"""Errors and warnings of gmmx that code written for scikit-learn catches as its own.

scikit-learn is never imported here. If the program has imported it already, gmmx raises a subclass
of its own class and of scikit-learn's class of the same name, so that both
``except gmmx.NotFittedError`` and ``except sklearn.exceptions.NotFittedError`` work.
"""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_PACKAGE_FOLDER = os.path.join(os.path.dirname(__file__), "")
_collected: ContextVar[list[str] | None] = ContextVar("_collected", default=None)

_ExceptionType = TypeVar("_ExceptionType", bound=Exception)


class NotFittedError(ValueError, AttributeError):
    """A method that needs a fitted estimator was called before ``fit``.

    Examples
    --------
    >>> from gmmx.exceptions import not_fitted_error
    >>> raise not_fitted_error("GaussianMixture")
    Traceback (most recent call last):
    ...
    gmmx.exceptions.NotFittedError: This GaussianMixture instance is not fitted yet. Call 'fit' \
with appropriate arguments before using this estimator.
    """


class ModelFileError(ValueError):
    """A model file cannot be loaded: it is damaged, of another kind, or from a newer gmmx.

    Examples
    --------
    >>> import gmmx
    >>> from gmmx.exchange.format import decode
    >>> try:
    ...     decode(b"Hello, world")
    ... except gmmx.ModelFileError as error:
    ...     print(error)
    not a model file of gmmx, which `save` of a fitted model writes
    """


class InvalidParameterError(ValueError, TypeError):
    """A parameter has a wrong type or value.

    Examples
    --------
    >>> from gmmx import GaussianMixture
    >>> GaussianMixture(n_components=0).fit([[0.0], [1.0]])
    Traceback (most recent call last):
    ...
    gmmx.exceptions.InvalidParameterError: The 'n_components' parameter of GaussianMixture must be \
an int in the range [1, inf). Got 0 instead.
    """


class ConvergenceWarning(UserWarning):
    """A fit did not converge, or a component collapsed, lost its samples or was started anew."""


def not_fitted_error(
    estimator_name: str,
    remedy: str = "Call 'fit' with appropriate arguments before using this estimator.",
) -> NotFittedError:
    """Return the error to raise when an estimator is used before ``fit``.

    Parameters
    ----------
    estimator_name : str
        Name of the estimator's class.
    remedy : str, optional
        A way to fit the estimator; by default a call of ``fit``.

    Returns
    -------
    NotFittedError
        If scikit-learn is imported, also an instance of its class of the same name.
    """
    return _shared_with_sklearn(NotFittedError)(
        f"This {estimator_name} instance is not fitted yet. {remedy}"
    )


def invalid_parameter_error(message: str) -> InvalidParameterError:
    """Return the error to raise for a parameter of a wrong type or value.

    Parameters
    ----------
    message : str
        The parameter, its constraint and the value given.

    Returns
    -------
    InvalidParameterError
        If scikit-learn is imported, also an instance of its class of the same name.
    """
    return _shared_with_sklearn(InvalidParameterError, "sklearn.utils._param_validation")(message)


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning that points at the line outside gmmx from which gmmx was called.

    Parameters
    ----------
    message : str
        The problem, and a way to solve it.
    category : subclass of Warning, default=UserWarning
        Class of the warning.
    """
    frame: FrameType | None = sys._getframe(1)
    stacklevel = 2
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE_FOLDER):
        frame = frame.f_back
        stacklevel += 1
    warnings.warn(message, category, stacklevel=stacklevel)


def warn_convergence(message: str) -> None:
    """Warn about the convergence of a fit, or let `collected_warnings` collect the message.

    Parameters
    ----------
    message : str
        The problem, and a way to solve it.
    """
    messages = _collected.get()
    if messages is None:
        warn_user(message, _shared_with_sklearn(ConvergenceWarning))
    else:
        messages.append(message)


@contextmanager
def collected_warnings() -> Iterator[list[str]]:
    """Collect the messages of `warn_convergence` in this thread instead of issuing warnings.

    `fit` issues its warnings at its end; `fit_columns` issues each message once for all columns.

    Examples
    --------
    >>> from gmmx.exceptions import collected_warnings, warn_convergence
    >>> with collected_warnings() as messages:
    ...     warn_convergence("EM did not converge.")
    >>> messages
    ['EM did not converge.']
    """
    messages: list[str] = []
    token = _collected.set(messages)
    try:
        yield messages
    finally:
        _collected.reset(token)


def _shared_with_sklearn(
    own: type[_ExceptionType], module: str = "sklearn.exceptions"
) -> type[_ExceptionType]:
    """Return `own` or, if scikit-learn is imported, a subclass of `own` and of its class."""
    theirs = getattr(sys.modules.get(module), own.__name__, None)
    return own if theirs is None else _subclass_of_both(own, theirs)  # type: ignore[arg-type]


@cache
def _subclass_of_both(own: type[_ExceptionType], theirs: type[Exception]) -> type[_ExceptionType]:
    """Return a subclass of `own` and `theirs` whose instances are pickled as `own`."""

    def reduce_to_own(self: _ExceptionType) -> tuple[Any, ...]:
        return (own, *own.__reduce__(self)[1:])

    namespace = {
        "__doc__": own.__doc__,
        "__module__": own.__module__,
        "__reduce__": reduce_to_own,
    }
    return type(own.__name__, (own, theirs), namespace)
