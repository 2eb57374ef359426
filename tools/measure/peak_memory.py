"""Print the peak memory of a fit beyond the samples.

Usage: python tools/measure/peak_memory.py [--sklearn]

Each fit runs in a process of its own. With ``--sklearn`` the program also measures scikit-learn.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))

from memory import peak_of_fit

SIZES = [(1_000_000, 8, 32), (200_000, 8, 32)]
MEGABYTE = 1e6


def print_table(libraries: list[str]) -> None:
    """Print a row for each size and library."""
    print(f"{'library':<17}{'n':>9}{'D':>5}{'K':>5}{'X, MB':>9}{'extra, MB':>11}{'ratio':>8}")
    for sizes in SIZES:
        for library in libraries:
            peak = peak_of_fit(library, *sizes)
            n_samples, n_features, n_components = sizes
            print(
                f"{library:<17}{n_samples:>9}{n_features:>5}{n_components:>5}"
                f"{peak.samples / MEGABYTE:>9.1f}{peak.extra / MEGABYTE:>11.1f}{peak.ratio:>8.2f}"
            )


if __name__ == "__main__":
    print_table(["gmmx", "sklearn.mixture"] if "--sklearn" in sys.argv[1:] else ["gmmx"])
