"""Run the command line: ``python -m gmmx``."""

import sys


def main() -> int:
    """Run the command line; Ctrl-C ends it without a traceback, also while it is imported."""
    try:
        from gmmx.cli import main as run  # noqa: PLC0415 - takes a moment, in which Ctrl-C may come

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
