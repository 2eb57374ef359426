"""Bayesian mixtures: one column, many columns, many features, and as a part of rdt."""

from __future__ import annotations

import statistics
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from bench.cases.problem import Array, load
from bench.cases.synthetic import Case, save
from bench.formatting import figure
from bench.hosts.host import Host
from bench.hosts.interleave import compare, the_pair
from bench.hosts.processes import RequestError
from bench.plan import Plan
from bench.rivals import GMMX, SKLEARN
from bench.timing import timed

COLUMN_SAMPLES, TABLE_SAMPLES = 20_000, 10_000
N_COLUMNS, FEWEST_COLUMNS = 200, 4  # for gmmx, and for scikit-learn, whose time is scaled up
MATRICES = (Case(20_000, 8, 16), Case(10_000, 16, 16), Case(5_000, 64, 16))
ITERATIONS = (1, 6)
AGREEMENT = 1e-9  # relative difference of lower bounds


def measure_bayesian(hosts: Sequence[Host], plan: Plan, directory: Path) -> dict[str, Any]:
    """Compare scikit-learn and gmmx; leave out rdt if it cannot be measured."""
    path = directory / "column.npy"
    np.save(path, column(COLUMN_SAMPLES, 0))
    found: dict[str, Any] = {
        "column": _checked(compare(hosts, plan, f"{__name__}.fit_column", path=str(path))),
        "columns": _columns(hosts, plan),
        "matrices": [_matrices(hosts, case, plan, directory) for case in MATRICES],
    }
    try:
        found["rdt"] = the_pair(hosts)[1].process.call("bench.measures.rdt_normalizer.fit_tables")
    except RequestError as error:
        print(f"rdt is skipped: {error}", file=sys.stderr)
    return found


def _columns(hosts: Sequence[Host], plan: Plan) -> dict[str, Any]:
    """Measure many columns; scikit-learn fits only some of them, and its time is scaled up."""
    seconds: dict[str, list[float]] = {key: [] for key in (SKLEARN.key, GMMX.key)}
    bounds = {}
    for _ in range(plan.repeats):
        for host in the_pair(hosts):
            n_columns = N_COLUMNS if host.library.key == GMMX.key else FEWEST_COLUMNS
            found = host.process.call(
                f"{__name__}.fit_table", module=host.library.module, n_columns=n_columns
            )
            seconds[host.library.key].append(found["seconds"] * N_COLUMNS / n_columns)
            bounds[host.library.key] = found["result"]
    pairs = zip(seconds[SKLEARN.key], seconds[GMMX.key], strict=True)
    ratio = statistics.median(theirs / ours for theirs, ours in pairs)
    medians = {key: {"seconds": statistics.median(values)} for key, values in seconds.items()}
    difference = abs(bounds[GMMX.key] / bounds[SKLEARN.key] - 1)
    return _checked({"ratio": ratio, "difference": difference, **medians})


def _matrices(hosts: Sequence[Host], case: Case, plan: Plan, directory: Path) -> dict[str, Any]:
    """Measure an iteration with full covariances, and the same with `GaussianMixture`."""
    path = save(case, "overlapping", directory)
    bayesian, plain = (
        _checked(compare(hosts, plan, f"{__name__}.iterate", path=path, estimator=estimator))
        for estimator in ("BayesianGaussianMixture", "GaussianMixture")
    )
    Path(path).unlink()
    ratios = [bayesian["ratio"], plain["ratio"]]
    print(f"bayesian {case}: {', plain '.join(map(figure, ratios))}", file=sys.stderr)
    share = None if None in ratios else ratios[0] / ratios[1]
    return {"case": case, "share": share, **bayesian}


def _checked(row: dict[str, Any]) -> dict[str, Any]:
    """Return the measurement; raise `RequestError` if the lower bounds differ."""
    if not row["difference"] <= AGREEMENT:
        raise RequestError(f"lower bounds differ by {row['difference']:.1g} of themselves")
    return row


def column(n_samples: int, seed: int) -> Array:
    """Return a column of a table: two peaks, an exponential tail and a value in many rows."""
    draw = np.random.default_rng(seed)
    kinds = [
        draw.normal(0, 1, n_samples), draw.normal(6, 0.5, n_samples),
        3 + draw.exponential(4, n_samples), np.full(n_samples, 2.0),
    ]  # fmt: skip
    chosen = np.choose(draw.choice(4, n_samples, p=[0.4, 0.3, 0.25, 0.05]), kinds)
    return np.ascontiguousarray(chosen * draw.lognormal())[:, np.newaxis]


def tabular_model(module: str) -> Any:
    """Return the mixture that CTGAN and rdt fit to a column."""
    return import_module(module).BayesianGaussianMixture(
        n_components=10, weight_concentration_prior_type="dirichlet_process",
        weight_concentration_prior=0.001, max_iter=100, n_init=1, random_state=0,
    )  # fmt: skip


def fit_column(module: str, path: str) -> dict[str, Any]:
    """Fit one column; runs in a library's process."""
    warnings.simplefilter("ignore")  # ConvergenceWarning
    X = np.load(path)
    tabular_model(module).set_params(max_iter=1).fit(X)  # loads modules imported at first use
    seconds, model = timed(lambda: tabular_model(module).fit(X))
    return {
        "seconds": seconds,
        "n_iter": int(model.n_iter_),
        "result": float(model.lower_bound_),
    }


def fit_table(module: str, n_columns: int) -> dict[str, Any]:
    """Fit the columns of a table; runs in a library's process."""
    warnings.simplefilter("ignore")
    columns = [column(TABLE_SAMPLES, j) for j in range(n_columns)]
    library = import_module(module)
    seconds, models = timed(lambda: library.fit_columns(columns, tabular_model(module)))
    bounds = [float(model.lower_bound_) for model in models[:FEWEST_COLUMNS]]
    return {"seconds": seconds, "result": sum(bounds)}


def iterate(module: str, path: str, estimator: str) -> dict[str, Any]:
    """Return the seconds of an iteration, from two fits; runs in a library's process."""
    warnings.simplefilter("ignore")
    problem = load(path, "float64", "full")
    make = getattr(import_module(module), estimator)
    seconds = []
    for max_iter in ITERATIONS:
        model = make(
            n_components=len(problem.means), init_params="random", random_state=0, tol=0.0,
            max_iter=max_iter,
        )  # fmt: skip
        seconds.append(timed(lambda model=model: model.fit(problem.X))[0])
    more = ITERATIONS[1] - ITERATIONS[0]
    return {
        "seconds": (seconds[1] - seconds[0]) / more,
        "result": float(np.ravel(model.lower_bound_)[0]),
    }
