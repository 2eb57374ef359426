"""Progress of long jobs, shown on stderr."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any


class Progress:
    """Receives the progress of a job; this class shows nothing. Any thread may call it."""

    def __call__(self) -> None:
        """Count a step that is done."""

    def start(self, what: str) -> None:
        """Show the name of a step that starts."""


@contextmanager
def progress(n_steps: int, unit: str = "fit", *, is_required: bool = False) -> Iterator[Progress]:
    """Show the progress of a job on stderr, if stderr is a terminal.

    Parameters
    ----------
    n_steps : int
        Number of steps of the job.
    unit : str, default="fit"
        Name of a step.
    is_required : bool, default=False
        Whether to show a bar even if stderr is no terminal, which needs tqdm. If False, a terminal
        shows a bar if tqdm is installed, else a line of text.

    Yields
    ------
    Progress
        The caller calls it after each step.

    Raises
    ------
    ImportError
        If the bar is required and tqdm is not installed.
    """
    has_tqdm = find_spec("tqdm") is not None
    if is_required and not has_tqdm:
        raise ImportError("A progress bar needs tqdm: pip install 'gmmx-native[progress]'")
    if not is_required and not sys.stderr.isatty():
        yield Progress()
    elif has_tqdm:
        from tqdm import tqdm  # noqa: PLC0415 - optional extra

        with tqdm(total=n_steps, leave=False, unit=unit, file=sys.stderr) as bar:
            yield _Bar(bar)
    else:
        line = _Line(n_steps, unit)
        try:
            yield line
        finally:
            line.clear()


class _Bar(Progress):
    """A bar of tqdm."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar

    def __call__(self) -> None:
        self._bar.update()

    def start(self, what: str) -> None:
        self._bar.set_postfix_str(what)


class _Line(Progress):
    """A line of text that each update overwrites."""

    def __init__(self, n_steps: int, unit: str) -> None:
        self._n_steps, self._unit = n_steps, unit
        self._n_done, self._what, self._width = 0, "", 0
        self._lock = threading.Lock()
        self._show()

    def __call__(self) -> None:
        with self._lock:
            self._n_done += 1
            self._show()

    def start(self, what: str) -> None:
        with self._lock:
            self._what = f", now {what}"
            self._show()

    def clear(self) -> None:
        """Blank the line and go back to its start."""
        self._write("")
        self._write("")

    def _show(self) -> None:
        """Write the number of steps done and the name of the current step."""
        self._write(f"{self._n_done} of {self._n_steps} {self._unit}s done{self._what}")

    def _write(self, text: str) -> None:
        """Overwrite the line with a text, cut to the width of the terminal."""
        text = text[: shutil.get_terminal_size().columns - 1]
        sys.stderr.write("\r" + text.ljust(self._width))
        sys.stderr.flush()
        self._width = len(text)
