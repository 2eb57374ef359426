"""Print how often one fit moves from one Python file of gmmx to another.

    python tools/measure/call_trace.py [--list]

The program counts calls and returns between functions of different files, in a fit of one iteration
to 400 samples of 2 features, the second fit of the process. `--list` prints each of them.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from types import FrameType
from typing import Any

import numpy as np

import gmmx

PACKAGE = os.path.dirname(gmmx.__file__)


def moves_of(function: Any, *arguments: object) -> list[tuple[str, str, str]]:
    """Return the moves between files in a call: from, to, and the name of the function.

    Parameters
    ----------
    function : callable
        The function to call.
    *arguments : object
        Its arguments.

    Returns
    -------
    list of tuple of str
        For each move the file before it, the file after it, and the function called or left.
    """
    moves: list[tuple[str, str, str]] = []

    def profile(frame: FrameType, event: str, _: object) -> None:
        caller = caller_in_package(frame)
        callee = frame.f_code.co_filename
        if caller is None or not callee.startswith(PACKAGE) or caller == callee:
            return
        name = frame.f_code.co_name
        if event == "call":
            moves.append((short(caller), short(callee), name))
        elif event == "return":
            moves.append((short(callee), short(caller), name))

    sys.setprofile(profile)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return moves


def caller_in_package(frame: FrameType) -> str | None:
    """Return the file of the nearest caller that is a function of gmmx."""
    caller = frame.f_back
    while caller is not None and not caller.f_code.co_filename.startswith(PACKAGE):
        caller = caller.f_back
    return None if caller is None else caller.f_code.co_filename


def short(path: str) -> str:
    """Return the name of a file within the package."""
    return os.path.relpath(path, PACKAGE)


def main() -> None:
    """Trace a fit of each estimator."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="print every move")
    options = parser.parse_args()
    X = np.random.default_rng(0).standard_normal((400, 2))
    for estimator in (gmmx.GaussianMixture, gmmx.BayesianGaussianMixture):
        model = estimator(n_components=3, max_iter=1, random_state=0, n_threads=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X)
            moves = moves_of(model.fit, X)
        if options.list:
            for origin, end, name in moves:
                print(f"  {origin} -> {end}: {name}")
        files = {file for origin, end, _ in moves for file in (origin, end)}
        print(f"{estimator.__name__}: {len(moves)} moves between {len(files)} files")


if __name__ == "__main__":
    main()
