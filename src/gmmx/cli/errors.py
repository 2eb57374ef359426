"""Errors and notes of the command line: single lines on stderr."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path


class CommandLineError(Exception):
    """Something the user gave cannot be used; the message says what and what to do."""


def file_error(path: Path, error: OSError) -> CommandLineError:
    """Return the error that names `path` and the operating system's reason."""
    return CommandLineError(f"{path}: {error.strerror or error}")


def note(message: str) -> None:
    """Print one line on stderr, if that can be written.

    Parameters
    ----------
    message : str
        What to say; line breaks become spaces.
    """
    with suppress(OSError):  # A lost note is no reason to lose a result.
        print("gmmx:", " ".join(message.split()), file=sys.stderr, flush=True)
