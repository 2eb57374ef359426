"""The search on the data sets of R's mclust: the best BIC and the time, next to mclust's.

Run as ``python -m bench.measures.mclust.datasets [NAME ...]``, in an environment with gmmx, on a
machine with R and its package mclust (Debian: ``r-cran-mclust``). mclust needs minutes for wdbc.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

import numpy as np

from bench.measures.mclust import rscript
from bench.measures.mclust.simulated import choice_of_gmmx

EXPORT = Path(__file__).with_name("datasets.R")


def measure(names: Collection[str] = ()) -> None:
    """Print the table for the data sets with the given names, by default for all."""
    print("| data | n, D | mclust | BIC | s | gmmx | BIC | s |")
    print("| --- | --- | --- | ---: | ---: | --- | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["Rscript", str(EXPORT), folder], check=True)
        for file in sorted(Path(folder).glob("*.csv")):
            if names and file.stem not in names:
                continue
            X = np.loadtxt(file, delimiter=",", ndmin=2)
            ours = choice_of_gmmx(X)
            theirs = rscript.choices([file])[file.name]
            cells = " | ".join(
                f"{found.model}, {found.n_components} | {found.bic:.3f} | {found.seconds:.2f}"
                for found in (theirs, ours)
            )
            print(f"| {file.stem} | {len(X)}, {X.shape[1]} | {cells} |", flush=True)


if __name__ == "__main__":
    measure(sys.argv[1:])
