"""The progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

DELAY = 1.0  # seconds a job takes before it counts as long


@contextmanager
def progress(
    n_steps: int, unit: str = "fit", *, is_required: bool = False
) -> Iterator[Callable[[], object]]:
    """Show a bar on stderr if that is a terminal, tqdm is installed and the job is long.

    Parameters
    ----------
    n_steps : int
        Number of steps of the job.
    unit : str, default="fit"
        What a step is called.
    is_required : bool, default=False
        Whether the bar is shown wherever stderr leads, at once.

    Yields
    ------
    callable
        To be called after each step.

    Raises
    ------
    ImportError
        If the bar is required and tqdm is not installed.
    """
    if is_required and find_spec("tqdm") is None:
        raise ImportError("A progress bar needs tqdm: pip install 'gmmx-native[progress]'")
    if not is_required and (not sys.stderr.isatty() or find_spec("tqdm") is None):
        yield lambda: None
        return
    from tqdm import tqdm  # noqa: PLC0415 - optional extra

    delay = 0.0 if is_required else DELAY
    with tqdm(total=n_steps, delay=delay, leave=False, unit=unit, file=sys.stderr) as bar:
        yield bar.update
