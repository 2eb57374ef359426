"""rdt's normalizer of numeric columns, with scikit-learn's mixture and with gmmx's."""

from __future__ import annotations

import statistics
import warnings
from importlib import import_module
from typing import Any
from unittest import mock

import numpy as np

from bench.measures.bayesian import TABLE_SAMPLES, column
from bench.timing import timed

N_COLUMNS = 20
LIBRARIES = {"sklearn": "sklearn.mixture", "gmmx": "gmmx"}


def fit_tables() -> dict[str, Any]:
    """Fit, transform and invert a table with both mixtures; runs in gmmx's process, needs rdt."""
    pandas, numerical = import_module("pandas"), import_module("rdt.transformers.numerical")
    table = pandas.DataFrame(
        {f"column {j}": column(TABLE_SAMPLES, j)[:, 0] for j in range(N_COLUMNS)}
    )
    found: dict[str, Any] = {
        key: {"seconds": [], "error": [], "components": []} for key in LIBRARIES
    }
    for name in table:
        # Both libraries fit each column in turn, so that changes of the load affect both.
        for key, module in LIBRARIES.items():
            seconds, error, components = _normalize(numerical, module, table[[name]])
            found[key]["seconds"].append(seconds)
            found[key]["error"].append(error)
            found[key]["components"].append(components)
    pairs = zip(found["sklearn"]["seconds"], found["gmmx"]["seconds"], strict=True)
    summary = {
        key: {
            "seconds": sum(row["seconds"]),
            "error": statistics.mean(row["error"]),
            "components": sum(row["components"]),
        }
        for key, row in found.items()
    }
    return {"ratio": statistics.median(theirs / ours for theirs, ours in pairs), **summary}


def _normalize(numerical: Any, module: str, column: Any) -> tuple[float, float, int]:
    """Return seconds of a fit, error of the inverse in standard deviations, and components kept."""
    mixture = import_module(module).BayesianGaussianMixture
    name = column.columns[0]
    normalizer = numerical.ClusterBasedNormalizer()
    with warnings.catch_warnings(), mock.patch("sklearn.mixture.BayesianGaussianMixture", mixture):
        warnings.simplefilter("ignore")
        seconds, _ = timed(lambda: normalizer.fit(column, name))
        assert isinstance(normalizer._bgm_transformer, mixture)
        np.random.seed(0)  # noqa: NPY002 - rdt draws components from NumPy's global state
        back = normalizer.reverse_transform(normalizer.transform(column))
    values = column[name].to_numpy()
    error = float(np.sqrt(np.mean((back[name].to_numpy() - values) ** 2)) / values.std())
    return seconds, error, int(normalizer.valid_component_indicator.sum())
