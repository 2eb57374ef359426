"""Environments with the packages of a dependency group and with gmmx from a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def run_pip(python: Path, *arguments: str) -> None:
    """Run pip in an environment; a build finds the programs of the environment first."""
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run([str(python), "-m", "pip", "--quiet", *arguments], check=True, env=environment)


def interpreter(folder: Path) -> Path:
    """Return the interpreter of an environment; create the environment if necessary."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        run_pip(python, "install", "--upgrade", "pip")
    return python


def wheel(folder: Path, source: Path) -> Path:
    """Return a wheel of gmmx: `source` itself, or built from a checkout into `folder`.

    A second build of the same checkout compiles only what has changed.
    """
    if source.suffix == ".whl":
        return source
    python = interpreter(folder / "build-environment")
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))
    run_pip(python, "install", "ninja", *project["build-system"]["requires"])
    target = folder / "wheels" / source.relative_to(source.anchor)
    for old in target.glob("*.whl"):
        old.unlink()
    build = ["--no-deps", "--no-build-isolation", f"-Cbuild-dir={target / 'build'}"]
    run_pip(python, "wheel", *build, "--wheel-dir", str(target), str(source))
    (built,) = target.glob("*.whl")
    return built


def install(folder: Path, group: str, built: Path) -> Path:
    """Return the interpreter of an environment with a group's packages and with gmmx."""
    python = interpreter(folder / group)
    run_pip(python, "install", "--group", f"{ROOT / 'pyproject.toml'}:{group}")
    run_pip(python, "install", "--no-deps", "--force-reinstall", str(built))
    return python
