"""Print the differences between fitted mixtures of gmmx and of scikit-learn.

Usage: python tools/compare/compare_sklearn.py. In the first table both libraries start from the
same parameters, in the others from the same random state. The tables have the largest relative
differences; for parameters they are in units of weights and standard deviations.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))

from comparison import DATASETS, SHARED_STARTS, SHARED_TYPES, compare, samples_of

HEADER = f"{'lower bounds':>13}{'parameters':>12}{'AIC, BIC':>10}  n_iter"
LABELS = f"{'data set':<15}{'type':<11}"


def print_rows(title: str, header: str, row: Callable[[str, str], str]) -> None:
    """Print the result of `row` for each data set and covariance type."""
    print(f"{title}\n{LABELS}{header}")
    for name in DATASETS:
        for covariance_type in SHARED_TYPES:
            print(f"{name:<15}{covariance_type:<11}{row(name, covariance_type)}")
    print()


def print_table(title: str, **parameters: Any) -> None:
    """Print a row for each data set and covariance type."""

    def row(name: str, covariance_type: str) -> str:
        n_components = DATASETS[name].n_components
        result = compare(samples_of(name), n_components, covariance_type, **parameters)
        return (
            f"{result.lower_bounds:>13.1e}{result.parameters:>12.1e}{result.criteria:>10.1e}  "
            f"{'same' if result.same_n_iter else 'DIFFERENT'}"
        )

    print_rows(title, HEADER, row)


if __name__ == "__main__":
    print_table("From the same parameters")
    for init_params in SHARED_STARTS:
        print_table(
            f"From init_params={init_params!r}, random_state=0",
            init_params=init_params, random_state=0,
        )  # fmt: skip
