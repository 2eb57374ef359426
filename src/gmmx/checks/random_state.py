"""Conversion of a `random_state` to a random number generator."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

LARGEST_SEED = 2**32 - 1


def seeded_generator(seed: int) -> np.random.RandomState:
    """Return a generator equal to ``numpy.random.RandomState(seed)``, made faster.

    NumPy's constructor first asks the operating system for a seed, which takes as long as a small
    fit. This function does not.

    Examples
    --------
    >>> import numpy as np
    >>> float(seeded_generator(7).normal()) == float(np.random.RandomState(7).normal())
    True
    """
    generator = np.random.RandomState(np.random.MT19937(_zeros()))
    generator.seed(seed)
    return generator


@cache
def _zeros() -> Any:
    """Return a sequence of seeds that are 0; the first call imports `numpy.random`."""

    class Zeros(np.random.bit_generator.ISeedSequence):
        def generate_state(self, n_words: int, dtype: object = None) -> Any:
            # MT19937 reads one word at a time, which is fastest from a list.
            return [0] * n_words

    return Zeros()


def check_random_state(seed: int | np.random.RandomState | None) -> np.random.RandomState:
    """Return the random number generator for a `random_state`.

    Parameters
    ----------
    seed : int, RandomState or None
        None stands for the generator behind the functions of `numpy.random`.

    Returns
    -------
    numpy.random.RandomState
        A new generator for an int; otherwise an existing one, whose state advances with each draw.
    """
    if seed is None:
        return np.random.mtrand._rand
    if isinstance(seed, np.random.RandomState):
        return seed
    if isinstance(seed, int | np.integer):
        return seeded_generator(int(seed))
    raise ValueError(f"{seed!r} cannot be used to seed a numpy.random.RandomState instance")
