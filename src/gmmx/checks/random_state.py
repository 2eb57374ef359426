"""Random number generators: the one that a `random_state` stands for."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

LARGEST_SEED = 2**32 - 1


def seeded_generator(seed: int) -> np.random.RandomState:
    """Return the generator ``numpy.random.RandomState(seed)``.

    That one asks the operating system for a seed before it takes the given one, which lasts as
    long as a small fit.

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
    """Return a source of seeds that are 0, once `numpy.random` is needed."""

    class Zeros(np.random.bit_generator.ISeedSequence):
        def generate_state(self, n_words: int, dtype: object = None) -> Any:
            # Read word by word, which is quickest from a list.
            return [0] * n_words

    return Zeros()


def check_random_state(seed: int | np.random.RandomState | None) -> np.random.RandomState:
    """Return the random number generator that `seed` stands for.

    Parameters
    ----------
    seed : int, RandomState or None
        None stands for the generator behind the functions of `numpy.random`.

    Returns
    -------
    numpy.random.RandomState
        A new one for an int, else an existing one, whose state moves on as it is used.
    """
    if seed is None:
        return np.random.mtrand._rand
    if isinstance(seed, np.random.RandomState):
        return seed
    if isinstance(seed, int | np.integer):
        return seeded_generator(int(seed))
    raise ValueError(f"{seed!r} cannot be used to seed a numpy.random.RandomState instance")
