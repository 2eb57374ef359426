"""Virtual environments of the optional rivals, one for each file in ``requirements``."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
BUILD = FOLDER.parent / "build"
REQUIREMENTS = sorted((FOLDER / "requirements").glob("*.txt"))


def interpreter(environment: str | None) -> str | None:
    """Return the interpreter of an environment, None if the environment was not prepared.

    For `environment` None it is the running interpreter.
    """
    if environment is None:
        return sys.executable
    where = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    path = BUILD / "environments" / environment / where
    return str(path) if path.exists() else None


def prepare() -> bool:
    """Create every environment and install its requirements; return whether all succeeded."""
    succeeded = True
    for requirements in REQUIREMENTS:
        print(f"environment {requirements.stem}", file=sys.stderr)
        venv.create(BUILD / "environments" / requirements.stem, with_pip=True)
        python = interpreter(requirements.stem)
        assert python is not None
        install = [python, "-m", "pip", "install", "--quiet", "--requirement", str(requirements)]
        succeeded &= subprocess.run(install, check=False).returncode == 0
    return succeeded
