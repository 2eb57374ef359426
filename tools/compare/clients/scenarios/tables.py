"""Packages that model each column of a table by a Bayesian mixture: rdt, CTGAN."""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.compare.clients.scenario import Results, scenario

N_ROWS = 5000


def columns() -> dict[str, np.ndarray]:
    """Return typical columns of a table, by name."""
    generator = np.random.default_rng(0)
    is_second = generator.random(N_ROWS) < 0.3
    return {
        "two modes": generator.normal(np.where(is_second, 5.0, 0.0), 1.0),
        "skewed": generator.lognormal(sigma=1.0, size=N_ROWS),
        "missing": np.where(is_second, np.nan, generator.normal(size=N_ROWS)),
        "constant": np.full(N_ROWS, 3.0),
        "zero": np.zeros(N_ROWS),
    }


def normalized(data: Any, name: str) -> Results:
    """Return a normalized column, the inverse of the normalization, and the fitted model."""
    from rdt.transformers import ClusterBasedNormalizer

    np.random.seed(0)  # noqa: NPY002 - the transformer draws components from NumPy's global state
    transformer = ClusterBasedNormalizer(missing_value_generation="from_column")
    forth = transformer.fit_transform(data, name)
    back = transformer.reverse_transform(forth)
    model = transformer._bgm_transformer
    return {
        f"{name} component": forth[f"{name}.component"].to_numpy().astype(int),
        f"{name} normalized": forth[f"{name}.normalized"].to_numpy(),
        f"{name} back": back[name].to_numpy(),
        f"{name} valid": transformer.valid_component_indicator,
        f"{name} weights": model.weights_,
        f"{name} means": model.means_,
        f"{name} covariances": model.covariances_,
    }


@scenario("rdt", "ClusterBasedNormalizer, five columns, two of them constant", repeats=1)
def rdt_normalizer() -> Results:
    """Normalize five columns by the components of their mixtures."""
    import pandas as pd

    results: Results = {}
    for name, values in columns().items():
        results |= normalized(pd.DataFrame({name: values}), name)
    return results


@scenario(
    "rdt",
    "ClusterBasedNormalizer, a column of integers",
    repeats=1,
    differs="k-means decides ties by the last bit of a distance, and starts the fit elsewhere",
)
def rdt_integers() -> Results:
    """Normalize a column in which many values are equal."""
    import pandas as pd

    counts = np.random.default_rng(0).poisson(30, size=N_ROWS)
    return normalized(pd.DataFrame({"count": counts.astype(float)}), "count")


@scenario("ctgan", "DataTransformer, a table with constant, short and discrete columns", repeats=1)
def ctgan_transformer() -> Results:
    """Transform a table as CTGAN does before its training, and transform it back."""
    import pandas as pd
    from ctgan.data_transformer import DataTransformer

    data = pd.DataFrame(columns())
    data["color"] = np.array(["red", "green", "blue"])[np.arange(N_ROWS) % 3]
    results: Results = {}
    for size, table in {
        "table": data.drop(columns="missing"),
        "short": data[["skewed"]][:7],
    }.items():
        np.random.seed(0)  # noqa: NPY002 - the transformer draws from NumPy's global state
        transformer = DataTransformer()
        transformer.fit(table, discrete_columns=["color"] if "color" in table else [])
        forth = transformer.transform(table)
        back = transformer.inverse_transform(forth)
        results[f"{size} dimensions"] = transformer.output_dimensions
        results[f"{size} matrix"] = forth
        for name in back:
            results[f"{size} {name} back"] = np.asarray(back[name])
    return results
