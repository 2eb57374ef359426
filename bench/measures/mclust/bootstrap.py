"""Seconds of the bootstrap test of the number of components, in gmmx and in R's mclust.

``python -m bench.measures.mclust.bootstrap [DRAWS]`` needs Rscript with mclust. Both test 1, 2 and
3 components of Old Faithful with a shared covariance, on one thread.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np

from bench.timing import timed

REPEATS = 3
LARGEST_TESTED = 3
R_PROGRAM = """
suppressMessages(library(mclust))
arguments <- commandArgs(trailingOnly = TRUE)
X <- read.csv(arguments[1])
set.seed(0)
seconds <- system.time(
  test <- mclustBootstrapLRT(X, modelName = "EEE", nboot = as.integer(arguments[2]),
                             maxG = as.integer(arguments[3]), verbose = FALSE)
)[["elapsed"]]
line <- function(name, values) {
  sprintf('"%s": [%s]', name, paste(format(values, digits = 6), collapse = ", "))
}
cat(sprintf('{"seconds": %.4f, %s, %s}\\n', seconds, line("statistic", test$obs),
            line("p_value", test$p.value)))
"""


def in_r(path: Path, n_draws: int) -> dict[str, Any]:
    """Return seconds, statistics and p-values of mclust."""
    command = ["Rscript", "-e", R_PROGRAM, str(path), str(n_draws), str(LARGEST_TESTED)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


def in_gmmx(path: Path, n_draws: int) -> dict[str, Any]:
    """Return seconds, statistics and p-values of gmmx."""
    from gmmx import bootstrap_lrt  # noqa: PLC0415 - in an environment with gmmx

    with path.open(newline="", encoding="utf-8") as file:
        X = np.array([list(row.values()) for row in csv.DictReader(file)], dtype=np.float64)
    # A level close to 1 lets all numbers be tested, as mclust does with maxG.
    seconds, test = timed(
        lambda: bootstrap_lrt(
            X, covariance_type="tied", max_components=LARGEST_TESTED + 1, n_bootstrap=n_draws,
            level=1 - 1e-9, random_state=0, n_threads=1,
        )
    )  # fmt: skip
    return {
        "seconds": seconds,
        "statistic": test.statistic.tolist(),
        "p_value": test.p_value.tolist(),
    }


def main(arguments: list[str]) -> None:
    """Measure both in turns, and print the best time of each."""
    n_draws = int(arguments[0]) if arguments else 999
    with as_file(files("gmmx") / "data" / "faithful.csv") as path:
        turns = [(in_r(path, n_draws), in_gmmx(path, n_draws)) for _ in range(REPEATS)]
    for name, results in zip(("mclust", "gmmx"), zip(*turns, strict=True), strict=True):
        best = min(results, key=lambda result: float(result["seconds"]))
        print(
            f"{name}: {best['seconds']:.2f} s for {n_draws} draws of {LARGEST_TESTED} tests, "
            f"statistics {np.round(best['statistic'], 2).tolist()}, "
            f"p-values {np.round(best['p_value'], 3).tolist()}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
