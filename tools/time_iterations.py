"""Print seconds per EM iteration of gmmx and scikit-learn, one thread each.

Usage: python tools/time_iterations.py. Full covariances in float64, the same starting parameters;
runs are interleaved, medians are printed, and both must end at the same likelihood.
"""

from __future__ import annotations

import warnings
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import mixture
from threadpoolctl import threadpool_limits

import gmmx

CASES = ((400000, 2, 8), (100000, 16, 32), (50000, 64, 16))
SPREADS = {"overlapping": 0.5, "separated": 4.0}  # standard deviation of the component means
REPEATS = 3
N_ITER = 4


def seconds_per_iteration(estimator: Any, X: NDArray[np.float64]) -> tuple[float, float]:
    """Time of a fit of N_ITER + 1 iterations less that of one; the last lower bound."""
    seconds = []
    for max_iter in (1, N_ITER + 1):
        model = estimator.set_params(max_iter=max_iter)
        start = perf_counter()
        model.fit(X)
        seconds.append(perf_counter() - start)
    return (seconds[1] - seconds[0]) / N_ITER, model.lower_bound_


def main() -> None:
    """Print a row for each case and kind of data."""
    warnings.simplefilter("ignore")
    print(f"{'data':<12}{'n, D, K':<18}{'scikit-learn, ms':>17}{'gmmx, ms':>10}{'ratio':>7}")
    for data, spread in SPREADS.items():
        for n, D, K in CASES:
            draw = np.random.default_rng(0)
            means = spread * draw.normal(size=(K, D))
            X = means[draw.integers(K, size=n)] + draw.normal(size=(n, D))
            start = {
                "weights_init": np.full(K, 1 / K),
                "means_init": means,
                "precisions_init": np.tile(np.eye(D), (K, 1, 1)),
                "tol": 0.0,
            }
            theirs, ours = mixture.GaussianMixture(K, **start), gmmx.GaussianMixture(K, **start)
            ours.set_params(n_threads=1)
            runs = [(seconds_per_iteration(theirs, X), seconds_per_iteration(ours, X))
                    for _ in range(REPEATS)]  # fmt: skip
            for (_, expected), (_, bound) in runs:
                assert abs(bound - expected) <= 1e-9 * abs(expected)
            sk, gm = (float(np.median([run[i][0] for run in runs])) for i in range(2))
            ratio = float(np.median([run[0][0] / run[1][0] for run in runs]))
            print(
                f"{data:<12}{f'{n}, {D}, {K}':<18}{1e3 * sk:>17.1f}{1e3 * gm:>10.1f}{ratio:>7.1f}"
            )


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
