"""Errors and notes of the command line: single lines on stderr."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path


class CommandLineError(Exception):
    """The user's input cannot be used; the message names the problem and a way to solve it."""


def file_error(path: Path, error: OSError) -> CommandLineError:
    """Return an error with `path` and the reason that the operating system gave."""
    return CommandLineError(f"{path}: {error.strerror or error}")


def note(message: str) -> None:
    """Print one line on stderr, if stderr can be written.

    Parameters
    ----------
    message : str
        The text; line breaks become spaces.
    """
    with suppress(OSError):  # A note that cannot be written must not lose a result.
        print("gmmx:", " ".join(message.split()), file=sys.stderr, flush=True)
