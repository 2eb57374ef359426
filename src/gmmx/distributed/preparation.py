"""The rows of a partition as the compiled passes take them."""

from __future__ import annotations

import numpy as np

from gmmx.checks.feature_names import feature_names
from gmmx.checks.samples import check_samples
from gmmx.checks.weights import check_weights_of_block
from gmmx.samples.partitions import Partition


def prepared_partition(
    number: int, X: object, sample_weight: object, n_threads: int, estimator_name: str
) -> Partition:
    """Return the checked rows of a partition, without those of weight 0.

    Parameters
    ----------
    number : int
        Number of the partition, from 0.
    X : array-like of shape (n_rows, n_features)
        Array or data frame; it may be empty.
    sample_weight : array-like of shape (n_rows,), number or None
        Weights of the rows.
    n_threads : int
        Number of threads of a pass over the partition.
    estimator_name : str
        Name of the estimator's class, for messages.

    Returns
    -------
    Partition
        If the rows cannot be used, an empty partition with the error that says why.

    Examples
    --------
    >>> from gmmx.distributed.preparation import prepared_partition
    >>> prepared_partition(0, [[1, 2], [3, 4]], [1, 0], 1, "GaussianMixture").X
    array([[1., 2.]])
    """
    nothing = np.empty((0, 0))
    try:
        names, samples = feature_names(X), check_samples(X, estimator_name, min_samples=0)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        return Partition(number, nothing, error=kind(f"Partition {number}: {error}"))
    weight = None
    if sample_weight is not None:
        try:
            weight = check_weights_of_block(sample_weight, len(samples), f"Partition {number}")
        except (TypeError, ValueError) as error:
            return Partition(number, nothing, error=error)
        if not (weight > 0).all():
            samples, weight = samples[weight > 0], weight[weight > 0]
    columns = None if names is None else tuple(names)
    return Partition(number, samples, weight, n_threads, columns)
