"""Fit a mixture to a file of numbers and save it: ``python train.py rows.csv model.gmmx``."""

from __future__ import annotations

import argparse

import numpy as np

import gmmx


def main() -> None:
    """Read the command line, fit a mixture, and save it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", help="comma-separated numbers below a line of names")
    parser.add_argument("model", help="the file to write")
    parser.add_argument("--components", type=int, default=2, metavar="K", help="default: 2")
    options = parser.parse_args()
    X = np.loadtxt(options.rows, delimiter=",", skiprows=1, ndmin=2)
    model = gmmx.GaussianMixture(options.components, n_init=10, random_state=0).fit(X)
    model.save(options.model)
    print(f"{options.model}: {options.components} components, score {model.score(X):.4f}")


if __name__ == "__main__":
    main()
