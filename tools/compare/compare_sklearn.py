"""Print how far gmmx and scikit-learn end apart: ``python tools/compare/compare_sklearn.py``.

The first table starts both from the same parameters, the others from the same random state.
Differences are the largest relative ones; parameters are in weights and standard deviations.
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
    """Print what `row` says of each data set and covariance type."""
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
