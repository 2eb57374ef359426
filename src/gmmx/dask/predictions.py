"""Lazy predictions for Dask collections, in the same chunks."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
from dask.delayed import delayed

from gmmx.checks.feature_names import check_feature_count, check_feature_names
from gmmx.dask.blocks import check_collection, is_frame
from gmmx.dask.worker import predicted_block, without_names
from gmmx.estimators.base import Mixture


def lazy_predictions(model: Mixture, method: str, X: Any, estimator_name: str) -> Any:
    """Return predictions that Dask computes when they are needed.

    Parameters
    ----------
    model : Mixture
        A fitted mixture.
    method : str
        Name of the method that predicts.
    X : dask array, dask data frame or list of Delayed
        New samples.
    estimator_name : str
        Name of the estimator's class, for messages.

    Returns
    -------
    dask array, dask series or data frame, or list of Delayed
        In the chunks of X; with the index of a data frame.
    """
    check_collection(X)
    if isinstance(X, list | tuple):
        predict = delayed(predicted_block, pure=False)
        sent = delayed(model, pure=False, traverse=False)
        return [predict(block, sent, method) for block in X]
    names = vars(model).get("feature_names_in_")
    check_feature_names(X, names, estimator_name)
    check_feature_count(int(X.shape[1]), model.n_features_in_, estimator_name)
    if is_frame(X):
        meta = predicted_block(X._meta.iloc[:0], model, method)
        return X.map_partitions(predicted_block, model, method, meta=meta)
    model = without_names(model)
    meta = predicted_block(np.empty((0, X.shape[1]), dtype=X.dtype), model, method)
    shape: dict[str, Any] = {"drop_axis": 1}
    if meta.ndim == 2:
        shape = {"chunks": (X.chunks[0], (meta.shape[1],))}
    return da.map_blocks(predicted_block, X, model, method, meta=meta, dtype=meta.dtype, **shape)
