"""Print how many nats below the maximum the stopping rules end a fit.

The maximum is the result of a second fit with a tolerance of 1e-6 nats, which starts at the end of
the first fit.

Usage: python tools/measure/stopping.py
"""

from __future__ import annotations

import warnings
from importlib.resources import files

import numpy as np

from gmmx import GaussianMixture

N_SEEDS = 5
Samples = np.ndarray


def data_sets() -> dict[str, tuple[Samples, int]]:
    """Return samples and numbers of components by name."""
    draw = np.random.default_rng(0)
    faithful = np.loadtxt(
        str(files("gmmx") / "data" / "faithful.csv"), delimiter=",", skiprows=1, usecols=(0, 1)
    )
    overlapping = np.concatenate([draw.normal(0, 1, 5000), draw.normal(2.2, 1.3, 5000)])
    large = np.concatenate([draw.normal(0, 1, 50_000), draw.normal(2.2, 1.3, 50_000)])
    return {
        "faithful, K=2": (faithful, 2),
        "faithful, K=4": (faithful, 4),
        "1-D overlapping, n=10000": (overlapping[:, np.newaxis], 2),
        "1-D overlapping, n=100000": (large[:, np.newaxis], 2),
    }


def shortfalls(X: Samples, n_components: int, algorithm: str, tol_type: str) -> tuple[Samples, int]:
    """Return the nats of the total log-likelihood below the maximum, and the median of passes."""
    lacking, n_iter = [], []
    for seed in range(N_SEEDS):
        options = {"random_state": seed, "algorithm": algorithm, "init_params": "k-means++"}
        fit = GaussianMixture(n_components, tol_type=tol_type, max_iter=20_000, **options).fit(X)
        limit = GaussianMixture(
            n_components, tol_type="aitken", tol=1e-6, max_iter=20_000, algorithm="squarem",
            weights_init=fit.weights_, means_init=fit.means_, precisions_init=fit.precisions_,
        ).fit(X)  # fmt: skip
        lacking.append(len(X) * (limit.lower_bound_ - fit.score(X)))
        n_iter.append(fit.n_iter_)
    return np.array(lacking), int(np.median(n_iter))


def main() -> None:
    """Print a line for each data set, algorithm and rule, with the default tol=1e-3."""
    warnings.simplefilter("ignore")
    print(f"{'data set':26} {'algorithm':9} {'tol_type':9} {'nats short of the maximum':30}")
    print(f"{'':26} {'':9} {'':9} {'median':>10} {'largest':>10} {'passes':>8}")
    for name, (X, n_components) in data_sets().items():
        for algorithm in ("em", "squarem"):
            for tol_type in ("absolute", "aitken"):
                lacking, n_iter = shortfalls(X, n_components, algorithm, tol_type)
                print(
                    f"{name:26} {algorithm:9} {tol_type:9} {np.median(lacking):10.2g} "
                    f"{lacking.max():10.2g} {n_iter:8}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
