"""The command line ``gmmx``: fit mixtures to files of numbers, and apply the models."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from gmmx.cli.arguments import parse_arguments
from gmmx.cli.errors import CommandLineError, note
from gmmx.cli.output import discard_output

EXIT_ERROR, EXIT_INTERRUPTED = 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments, by default the arguments of the program.

    Returns
    -------
    int
        Exit code: 0, 2 after an error (one line on stderr), or 130 after Ctrl-C.
    """
    _replace_closed_streams()
    try:
        arguments = parse_arguments(argv)
        arguments.run(arguments)
        sys.stdout.flush()
    except CommandLineError as error:
        return _fail(str(error), EXIT_ERROR)
    except MemoryError:
        return _fail("not enough memory for this data", EXIT_ERROR)
    except KeyboardInterrupt:
        return _fail("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        discard_output()
    except (OSError, UnicodeEncodeError) as error:
        return _fail(f"cannot write the output: {error}", EXIT_ERROR)
    return 0


def _replace_closed_streams() -> None:
    """Replace stdout and stderr by the null device if they were closed at the program's start."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def _fail(message: str, exit_code: int) -> int:
    """Print one line on stderr, and return the exit code."""
    note(message)
    return exit_code
