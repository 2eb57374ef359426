"""The one error that the command line turns into a line on stderr and exit code 2."""

from __future__ import annotations

from pathlib import Path


class CommandLineError(Exception):
    """Something the user gave cannot be used; the message says what and what to do."""


def file_error(path: Path, error: OSError) -> CommandLineError:
    """Return the error that names `path` and the operating system's reason."""
    return CommandLineError(f"{path}: {error.strerror or error}")
