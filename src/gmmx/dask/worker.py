"""The functions that run on the workers of Dask."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

import distributed
import numpy as np

from gmmx.distributed.preparation import prepared_partition
from gmmx.estimators.base import Mixture
from gmmx.samples.partitions import Partition

if TYPE_CHECKING:
    from gmmx.arrays import Array

T = TypeVar("T")


def run_on_block(
    number: int,
    X: object,
    sample_weight: object,
    *,
    function: Callable[[Partition], T],
    estimator_name: str,
    most_threads: int | None,
) -> T:
    """Return the value of a function on one block.

    Parameters
    ----------
    number : int
        Number of the partition.
    X : array or data frame of shape (n_rows, n_features)
        Rows of the partition.
    sample_weight : array-like of shape (n_rows,), number or None
        Their weights.
    function : callable
        Takes a `Partition`.
    estimator_name : str
        Name of the estimator's class, for messages.
    most_threads : int or None
        Largest number of threads; None means all threads of the worker.

    Returns
    -------
    object
        The value of the function.
    """
    n_threads = threads_of_task(most_threads)
    return function(prepared_partition(number, X, sample_weight, n_threads, estimator_name))


def threads_of_task(most_threads: int | None) -> int:
    """Return the number of threads of a task: those of its worker, shared by the running tasks.

    Parameters
    ----------
    most_threads : int or None
        Largest number of threads; None means no limit other than the worker's.

    Returns
    -------
    int
        1 or more. Outside of a worker, where a local scheduler runs a task on each core, 1.
    """
    try:
        worker = distributed.get_worker()
    except ValueError:
        return 1
    state = worker.state
    shared: int = max(1, state.nthreads // max(1, state.executing_count))
    return shared if most_threads is None else min(shared, most_threads)


def predicted_block(X: Any, model: Mixture, method: str) -> Any:
    """Return the predictions of a local model for one block.

    Parameters
    ----------
    X : array or data frame of shape (n_rows, n_features)
        Rows of the partition; there may be none.
    model : Mixture
        A fitted mixture.
    method : str
        Name of the method that predicts.

    Returns
    -------
    ndarray, or pandas object with the index of X
        A series, or a data frame with a column for each component, if X is a data frame.
    """
    if len(X) == 0:
        one_row = np.zeros((1, X.shape[1]), dtype=getattr(X, "dtype", np.float64))
        values = predicted_block(one_row, without_names(model), method)[:0]
    else:
        own = copy(model)  # other tasks use the model at the same time
        own.n_threads = threads_of_task(model.n_threads)
        values = getattr(own, method)(X)
    if not hasattr(X, "index"):
        return values
    import pandas as pd  # noqa: PLC0415 - X is a data frame of pandas

    return (pd.Series if values.ndim == 1 else pd.DataFrame)(values, index=X.index)


def without_names(model: Mixture) -> Mixture:
    """Return a copy of a model that takes arrays, which have no names of columns."""
    unnamed = copy(model)
    vars(unnamed).pop("feature_names_in_", None)
    return unnamed


def log_likelihood(model: Mixture, partition: Partition) -> Array:
    """Return the weighted log-likelihood of a partition, and the sum of its weights.

    Parameters
    ----------
    model : Mixture
        A fitted mixture.
    partition : Partition
        The rows; there may be none.

    Returns
    -------
    ndarray of shape (2,)
        In nats; in samples.
    """
    if partition.error is not None:
        raise partition.error
    if len(partition.X) == 0:
        return np.zeros(2)
    names = vars(model).get("feature_names_in_")
    if names is not None and partition.names is not None and partition.names != tuple(names):
        raise ValueError(
            f"Partition {partition.number} has the columns {partition.names}, expected "
            f"{tuple(names)}, the columns seen in fit."
        )
    own = without_names(model)
    own.n_threads = partition.n_threads
    log_prob = own.score_samples(partition.X).astype(np.float64)
    weight = np.ones(len(log_prob)) if partition.weight is None else partition.weight
    return np.array([weight @ log_prob, weight.sum()])
