"""Fits of one mixture to each column of a table, in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from gmmx._core.interface.threads import resolve_n_threads
from gmmx.checks.constructor import check_parameters
from gmmx.checks.feature_names import feature_names
from gmmx.checks.random_state import LARGEST_SEED
from gmmx.checks.samples import as_float_array
from gmmx.checks.weights import check_sample_weight
from gmmx.estimators.base import Mixture
from gmmx.exceptions import collected_warnings, warn_convergence

if TYPE_CHECKING:
    from gmmx.arrays import ArrayLike, FloatArray

Model = TypeVar("Model", bound=Mixture)
Result = TypeVar("Result")
Name = str | int

MOST_NAMES_SHOWN = 5


class ColumnFitError(ValueError):
    """Some columns could not be fitted; the error holds the models of the other columns.

    Attributes
    ----------
    errors : dict
        The error of each failed column, by the column's name, or its index if it has no name.
    models : list
        The fitted model of each column, None if its fit failed.

    Examples
    --------
    >>> from gmmx import ColumnFitError, GaussianMixture, fit_columns
    >>> try:
    ...     models = fit_columns([[1.0, 2.0, 4.0], [float("inf"), 1.0]], GaussianMixture())
    ... except ColumnFitError as error:
    ...     models = error.models
    ...     print(list(error.errors))
    [1]
    >>> models[0].n_features_in_, models[1]
    (1, None)
    """

    def __init__(self, errors: Mapping[Name, Exception], models: Sequence[Mixture | None]) -> None:
        super().__init__(errors, models)
        self.errors = errors
        self.models = models

    def __str__(self) -> str:
        """Return the number of failed columns, and the first few errors."""
        shown = list(self.errors.items())[:MOST_NAMES_SHOWN]
        lines = [f"- column {name!r}: {error}" for name, error in shown]
        left_out = len(self.errors) - len(shown)
        if left_out:
            lines.append(f"- and {left_out} more, in the attribute `errors` of this error")
        return (
            f"{len(self.errors)} of {len(self.models)} columns could not be fitted. The attribute "
            "`models` of this error holds the models of the other columns.\n" + "\n".join(lines)
        )


def fit_columns(
    X: ArrayLike | Sequence[ArrayLike],
    model: Model,
    *,
    sample_weight: ArrayLike | None = None,
    n_threads: int | None = None,
    progress: bool = False,
) -> list[Model]:
    """Fit a separate mixture to each column of a table, with columns in parallel.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_columns), data frame, or list of array-likes
        The columns. In a list they may have different lengths. NaN values are left out.
    model : GaussianMixture or BayesianGaussianMixture
        Each column is fitted by a new model with the parameters of this model. This model is not
        changed, but if its `random_state` is a generator, a seed is drawn from the generator for
        each column.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        Weights of the rows, for all columns, which then have the same length.
    n_threads : int or None, default=None
        Number of columns to fit at the same time; None uses all cores that the process may use.
        The results are the same bits for every number.
    progress : bool, default=False
        Whether to show a progress bar, which needs the extra ``progress`` (tqdm).

    Returns
    -------
    list of fitted models
        One model per column, in the order of the columns. Each is equal, bit for bit, to the
        result of ``fit`` on this column.

    Raises
    ------
    ColumnFitError
        After all columns are done, if some could not be fitted. The error names these columns and
        holds the models of the others.
    ValueError, TypeError
        If X is not a table, or `n_threads` is neither a positive int nor None.

    Warns
    -----
    ConvergenceWarning
        One warning for all columns whose fit did not converge.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import BayesianGaussianMixture, fit_columns
    >>> rng = np.random.default_rng(0)
    >>> table = np.column_stack([rng.normal(0, 1, 500), rng.choice([-9, 9], 500)])
    >>> table[:100, 0] = np.nan
    >>> model = BayesianGaussianMixture(n_components=2, max_iter=1000, random_state=0)
    >>> [fitted.n_active_components_ for fitted in fit_columns(table, model)]
    [2, 2]
    """
    check_parameters({"n_threads": n_threads}, "fit_columns", {})
    names, columns = _columns_of(X)
    tasks = list(zip(_unfitted(model, len(columns)), names, columns, strict=True))
    from gmmx.progress import progress as progress_bar  # noqa: PLC0415 - imports slowly

    bar = progress_bar(len(tasks), "column", is_required=True) if progress else nullcontext(int)
    fit = partial(_fit_column, sample_weight)
    with bar as advance:
        outcomes = list(in_parallel(fit, tasks, resolve_n_threads(n_threads), advance))
    errors = {
        name: outcome
        for name, outcome in zip(names, outcomes, strict=True)
        if isinstance(outcome, Exception)
    }
    fits = [None if isinstance(outcome, Exception) else outcome for outcome in outcomes]
    if errors:
        models = [None if fit is None else fit.model for fit in fits]
        raise ColumnFitError(errors, models) from next(iter(errors.values()))
    done = [fit for fit in fits if fit is not None]
    _warn_about(done, names)
    return [fit.model for fit in done]


@dataclass(frozen=True)
class _Fit(Generic[Model]):
    """The model of a column, and the warnings of its fit."""

    model: Model
    warnings: list[str]


def _columns_of(X: Any) -> tuple[list[Name], list[Any]]:
    """Return the names, or else the indices, and the values of the columns."""
    names = feature_names(X)
    if names is not None:
        return list(names), [X[name] for name in names]
    if isinstance(X, list | tuple):
        return list(range(len(X))), list(X)
    array = as_float_array(X, "X")
    if array.ndim != 2:
        raise ValueError(
            "Expected an array of shape (n_samples, n_columns), a data frame or a list of "
            f"columns, got an array of shape {array.shape}. A single column is [X]."
        )
    return list(range(array.shape[1])), list(array.T)


def _unfitted(model: Model, n_models: int) -> Iterator[Model]:
    """Yield new models with the parameters of `model`, and seeds if it has a generator."""
    params = model.get_params()
    random_state = params["random_state"]
    for _ in range(n_models):
        if isinstance(random_state, np.random.RandomState):
            params["random_state"] = random_state.randint(LARGEST_SEED, dtype=np.uint32)
        yield type(model)(**params)


def in_parallel(
    function: Callable[..., Result],
    tasks: Sequence[tuple[Any, ...]],
    n_threads: int,
    advance: Callable[[], object] = int,
) -> Iterator[Result | Exception]:
    """Yield the result of a function, or the exception that it raised, for each task in order.

    Parameters
    ----------
    function : callable
        Takes the arguments of a task.
    tasks : sequence of tuple
        Arguments of the calls.
    n_threads : int
        Number of calls at the same time.
    advance : callable, optional
        Called after each task, in its thread.

    Yields
    ------
    object or Exception
        The outcome of the next task.
    """

    def run(task: tuple[Any, ...]) -> Result | Exception:
        try:
            return function(*task)
        except Exception as error:
            return error
        finally:
            advance()

    n_workers = min(n_threads, len(tasks))
    if n_workers <= 1:
        yield from map(run, tasks)
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - imports slowly

    with ThreadPoolExecutor(n_workers) as pool:
        try:
            yield from pool.map(run, tasks)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _fit_column(
    sample_weight: ArrayLike | None, model: Model, name: Name, values: Any
) -> _Fit[Model]:
    """Fit a new model to the values of a column that are not NaN."""
    column = _column_of(values)
    weight = check_sample_weight(sample_weight, len(column))
    missing = np.isnan(column)
    if missing.any():
        column = column[~missing]
        weight = None if weight is None else weight[~missing]
    samples, features = model._check_training_samples(column[:, np.newaxis], min_samples=2)
    if isinstance(name, str):
        features["feature_names_in_"] = np.array([name], dtype=object)
    with collected_warnings() as messages:
        attributes = model._fitted(samples, n_threads=1, sample_weight=weight)
    model._replace_fitted_attributes({**features, **attributes})
    return _Fit(model, messages)


def _column_of(values: Any) -> FloatArray:
    """Return the values of a column in one dimension."""
    column = as_float_array(values, "the column")
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1:
        raise ValueError(f"Expected a column of one dimension, got shape {column.shape}.")
    return column


def _warn_about(fits: Sequence[_Fit[Any]], names: Sequence[Name]) -> None:
    """Issue each message once, with the names of its columns."""
    found: dict[str, list[Name]] = {}
    for fit, name in zip(fits, names, strict=True):
        for message in dict.fromkeys(fit.warnings):
            found.setdefault(message, []).append(name)
    for message, own in found.items():
        shown = ", ".join(repr(name) for name in own[:MOST_NAMES_SHOWN])
        more = f" and {len(own) - MOST_NAMES_SHOWN} more" if len(own) > MOST_NAMES_SHOWN else ""
        warn_convergence(f"{message} This applies to columns {shown}{more}.")
