"""Print the differences between fitted Bayesian mixtures of gmmx and of scikit-learn.

Usage: python tools/compare/compare_bayesian.py. Both libraries start from the same random state.
The table has the largest relative differences; for means and covariances they are in units of
standard deviations.
"""

from __future__ import annotations

from typing import Any

from compare_sklearn import print_rows  # first: it puts the tests' modules on the path

from bayesian_comparison import PRIOR_TYPES, PosteriorComparison, compare_posteriors
from comparison import DATASETS, SHARED_STARTS, samples_of

HEADER = f"{'lower bounds':>13}{'posterior':>11}{'prior':>9}  n_iter"


def print_table(title: str, **parameters: Any) -> float:
    """Print a row for each data set and covariance type; return the largest difference."""
    found: list[PosteriorComparison] = []

    def row(name: str, covariance_type: str) -> str:
        result = compare_posteriors(
            samples_of(name),
            n_components=DATASETS[name].n_components + 2,
            covariance_type=covariance_type,
            **parameters,
        )
        found.append(result)
        return (
            f"{result.lower_bounds:>13.1e}{result.posterior:>11.1e}{result.prior:>9.1e}  "
            f"{'same' if result.same_n_iter and result.same_converged else 'DIFFERENT'}"
        )

    print_rows(title, HEADER, row)
    return max(max(result.lower_bounds, result.posterior, result.prior) for result in found)


if __name__ == "__main__":
    largest = max(
        print_table(
            f"weight_concentration_prior_type={prior_type!r}, init_params={init_params!r}",
            weight_concentration_prior_type=prior_type, init_params=init_params,
        )
        for prior_type in PRIOR_TYPES
        for init_params in SHARED_STARTS
    )  # fmt: skip
    print(f"Largest relative difference: {largest:.1e}")
