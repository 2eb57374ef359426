"""Errors and warnings of gmmx that code written for scikit-learn catches as its own.

scikit-learn is never imported here. When the program already has imported it, what is raised is a
subclass of gmmx's class and of scikit-learn's class of the same name, so that both
``except gmmx.NotFittedError`` and ``except sklearn.exceptions.NotFittedError`` work.
"""

from __future__ import annotations

import sys
import warnings
from functools import cache
from typing import Any, TypeVar

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
    """A file is not a model file, is damaged or cut short, or of a format that is too new.

    Examples
    --------
    >>> import gmmx
    >>> from gmmx.model_file import decode
    >>> try:
    ...     decode(b"Hello, world")
    ... except gmmx.ModelFileError as error:
    ...     print(error)
    not a model file of gmmx, which `save` of a fitted model writes
    """


class ConvergenceWarning(UserWarning):
    """EM stopped at ``max_iter`` iterations before the change of its bound fell below ``tol``."""


def not_fitted_error(estimator_name: str) -> NotFittedError:
    """Return the error to raise when an estimator is used before ``fit``.

    Parameters
    ----------
    estimator_name : str
        Name of the estimator's class.

    Returns
    -------
    NotFittedError
        Also an instance of scikit-learn's class of that name if scikit-learn is imported.
    """
    return _shared_with_sklearn(NotFittedError)(
        f"This {estimator_name} instance is not fitted yet. Call 'fit' with appropriate arguments "
        "before using this estimator."
    )


def warn_convergence(message: str, *, stacklevel: int = 2) -> None:
    """Warn that EM did not converge.

    Parameters
    ----------
    message : str
        What happened and what the user can do about it.
    stacklevel : int, default=2
        As in `warnings.warn`: 2 blames the caller of the function that calls this one.
    """
    warnings.warn(message, _shared_with_sklearn(ConvergenceWarning), stacklevel=stacklevel + 1)


def _shared_with_sklearn(own: type[_ExceptionType]) -> type[_ExceptionType]:
    """Return `own`, or its subclass shared with scikit-learn if that is imported."""
    theirs = getattr(sys.modules.get("sklearn.exceptions"), own.__name__, None)
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
