"""Run the command line: ``python -m gmmx``."""

from gmmx.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
