"""Repeated draws in parallel, each with random numbers of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from gmmx.checks.random_state import LARGEST_SEED, seeded_generator
from gmmx.estimators.columns import in_parallel
from gmmx.model.collapse import DegenerateMixtureError

Result = TypeVar("Result")

MOST_ATTEMPTS = 100  # of one draw


def repeated_draws(
    draw: Callable[[np.random.RandomState], Result],
    n_draws: int,
    random_state: np.random.RandomState,
    n_threads: int,
) -> tuple[list[Result], int]:
    """Repeat a random draw; a draw in which a component collapses is made again.

    Parameters
    ----------
    draw : callable
        Takes a random state and returns a result, or raises `DegenerateMixtureError`.
    n_draws : int
        Number of results.
    random_state : RandomState
        Draws a seed for each result, so that results do not depend on the number of threads.
    n_threads : int
        Number of draws at the same time.

    Returns
    -------
    tuple of list and int
        The results, and the number of draws that failed.

    Raises
    ------
    DegenerateMixtureError
        If a draw failed `MOST_ATTEMPTS` times.
    """

    def until_success(seed: int) -> tuple[Result, int]:
        own = seeded_generator(seed)
        for n_failed in range(MOST_ATTEMPTS):
            try:
                return draw(own), n_failed
            except DegenerateMixtureError as error:
                last = error
        raise last

    seeds = random_state.randint(LARGEST_SEED, size=n_draws, dtype=np.uint32).tolist()
    results, total_failed = [], 0
    for outcome in in_parallel(until_success, [(seed,) for seed in seeds], n_threads):
        if isinstance(outcome, Exception):
            raise outcome
        result, n_failed = outcome
        results.append(result)
        total_failed += n_failed
    return results, total_failed
