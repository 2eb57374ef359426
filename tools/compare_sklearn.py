"""Print how far gmmx and scikit-learn end apart: ``python tools/compare_sklearn.py``.

The first table starts both from the same parameters, the others from the same random state.
Differences are the largest relative ones; parameters are in weights and standard deviations.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from comparison import DATASETS, SHARED_STARTS, SHARED_TYPES, compare, samples_of

HEADER = (
    f"{'data set':<15}{'type':<11}{'lower bounds':>13}{'parameters':>12}{'AIC, BIC':>10}  n_iter"
)


def print_table(title: str, **parameters: Any) -> None:
    """Print a row for each data set and covariance type."""
    print(f"{title}\n{HEADER}")
    for name, dataset in DATASETS.items():
        for covariance_type in SHARED_TYPES:
            result = compare(samples_of(name), dataset.n_components, covariance_type, **parameters)
            print(
                f"{name:<15}{covariance_type:<11}{result.lower_bounds:>13.1e}"
                f"{result.parameters:>12.1e}{result.criteria:>10.1e}  "
                f"{'same' if result.same_n_iter else 'DIFFERENT'}"
            )
    print()


if __name__ == "__main__":
    print_table("From the same parameters")
    for init_params in SHARED_STARTS:
        print_table(
            f"From init_params={init_params!r}, random_state=0",
            init_params=init_params, random_state=0,
        )  # fmt: skip
