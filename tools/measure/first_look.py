"""Print times, memory and labels of gmmx and of scikit-learn.

Usage: python tools/measure/first_look.py

The program fits 8 components to the pixels of scikit-learn's china.jpg, predicts one row, and
measures the peak memory of a fit. scikit-learn needs Pillow to read the picture. Each library runs
in a process of its own with all cores. The libraries run in turn; times are medians over the turns.
"""

from __future__ import annotations

import math
import sys
import warnings
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_sample_image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))

from bench.cases.likelihood import mean_log_likelihood
from bench.cases.problem import Parameters
from bench.cases.synthetic import Case
from bench.formatting import NOTHING, difference, table
from bench.hosts.host import Host
from bench.hosts.interleave import compare
from bench.hosts.machine import describe_machine, usable_cores
from bench.measures.iteration import TOLERANCE
from bench.measures.prediction import N_COMPONENTS as ROW_COMPONENTS
from bench.measures.prediction import N_FEATURES
from bench.plan import THOROUGH
from bench.rivals import GMMX, SKLEARN
from bench.timing import timed
from memory import peak_of_fit

PLAN = replace(THOROUGH, repeats=3, patience=math.inf)
N_COMPONENTS = 8
SIZES = (200_000, 8, 32)  # n_samples, n_features, n_components of the fit for the peak memory
KEYS = (SKLEARN.key, GMMX.key)


@cache
def pixels() -> np.ndarray:
    """Return the colours of the picture, uint8 of shape (273280, 3)."""
    return load_sample_image("china.jpg").reshape(-1, 3)


def fit_picture(module: str) -> dict[str, Any]:
    """Fit the picture with default parameters; runs in a library's process."""
    X = pixels().astype(np.float64)
    model = import_module(module).GaussianMixture(N_COMPONENTS, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ConvergenceWarning
        seconds, _ = timed(lambda: model.fit(X))
    parameters = Parameters(model.weights_, model.means_, model.covariances_)
    return {
        "seconds": seconds,
        "n_iter": model.n_iter_,
        "result": mean_log_likelihood(X, parameters, "full"),
        "relabelled": float(np.mean(model.predict(pixels()) != model.predict(X))),
    }


def agrees(found: dict[str, Any]) -> bool:
    """Return whether both libraries had the same result; otherwise the times do not count."""
    return bool(found["difference"] <= TOLERANCE["float64"])


def rows_of_picture(hosts: list[Host]) -> list[list[str]]:
    """Measure fits of the picture and return the rows of the table."""
    found = compare(hosts, PLAN, "tools.measure.first_look.fit_picture")
    seconds, n_iter, likelihoods, shares = (
        [found[key][name] for key in KEYS] for name in ("seconds", "n_iter", "result", "relabelled")
    )
    return [
        [
            f"fit of china.jpg, {len(pixels())} pixels x 3, {N_COMPONENTS} components, seconds",
            *(f"{value:.3g}" for value in seconds),
            f"{found['ratio']:.1f}" if agrees(found) else NOTHING,
        ],
        ["its iterations", *map(str, n_iter), ""],
        [
            "its log-likelihood per pixel, nats",
            *(f"{value:.8f}" for value in likelihoods),
            f"{'agrees to' if agrees(found) else 'DIFFERS by'} {difference(found['difference'])}",
        ],
        [
            "pixels whose label differs between uint8 and float64 input",
            *(f"{share:.2%}" for share in shares),
            "",
        ],
    ]


def row_of_prediction(hosts: list[Host]) -> list[str]:
    """Measure ``predict_proba`` of a single row and return the row of the table."""
    found = compare(hosts, PLAN, "bench.measures.prediction.one_row")
    seconds = [found[key]["seconds"] for key in KEYS]
    text = f"predict_proba of one row, {N_FEATURES} features, {ROW_COMPONENTS} components"
    return [
        f"{text}, microseconds",
        *(f"{1e6 * value:.3g}" for value in seconds),
        f"{found['ratio']:.1f}" if agrees(found) else NOTHING,
    ]


def row_of_memory() -> list[str]:
    """Measure the peak memory of a fit beyond its samples and return the row of the table."""
    ratios = [peak_of_fit(library, *SIZES).ratio for library in ("sklearn.mixture", "gmmx")]
    text = "peak memory of a fit beyond X, as a multiple of the size of X"
    return [
        f"{text}, {Case(*SIZES)}",
        *(f"{ratio:.2f}" for ratio in ratios),
        f"{ratios[0] / ratios[1]:.0f}",
    ]


def main() -> None:
    """Start the processes of the libraries, measure, and print the table."""
    n_threads = usable_cores()
    hosts = [Host(library, n_threads) for library in (SKLEARN, GMMX)]
    with ExitStack() as stack:
        for host in hosts:
            stack.callback(host.process.close)
            reason = host.available()
            if reason is not None:
                raise SystemExit(f"{host.library.name} cannot be measured: {reason}")
            versions = ", ".join(f"{k} {v}" for k, v in host.description["versions"].items())
            print(f"{host.library.name}: {versions}")
        machine = describe_machine()
        print(f"{machine['processor']}, {n_threads} threads, load {machine['load']}\n")
        rows = [*rows_of_picture(hosts), row_of_prediction(hosts), row_of_memory()]
    print(table(["", *(host.library.name for host in hosts), "ratio"], rows))


if __name__ == "__main__":
    main()
