"""The progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

DELAY = 1.0  # seconds a job takes before it counts as long


@contextmanager
def progress(n_steps: int) -> Iterator[Callable[[], object]]:
    """Show a bar on stderr if that is a terminal, tqdm is installed and the job is long.

    Parameters
    ----------
    n_steps : int
        Number of steps of the job.

    Yields
    ------
    callable
        To be called after each step.
    """
    if not sys.stderr.isatty() or find_spec("tqdm") is None:
        yield lambda: None
        return
    from tqdm import tqdm  # noqa: PLC0415 - optional extra

    with tqdm(total=n_steps, delay=DELAY, leave=False, unit="fit", file=sys.stderr) as bar:
        yield bar.update
