"""Run the command line: ``python -m gmmx``."""

import sys


def main() -> int:
    """Run the command line; Ctrl-C ends it without a traceback, even during the imports."""
    try:
        from gmmx.cli import main as run  # noqa: PLC0415 - slow: Ctrl-C may come meanwhile

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
