"""The default search of R's mclust, run on files by Rscript."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

SCRIPT = Path(__file__).with_name("choices.R")


class Choice(NamedTuple):
    """The best model of a search: mclust's name, components, BIC (smaller is better), seconds."""

    model: str
    n_components: int
    bic: float
    seconds: float


def is_installed() -> bool:
    """Return whether R and its package mclust are there."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return False
    command = [rscript, "-e", "quit(status = !requireNamespace('mclust', quietly = TRUE))"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def choices(files: Iterable[Path]) -> dict[str, Choice]:
    """Return mclust's choice for each CSV file, by the name of the file."""
    command = ["Rscript", str(SCRIPT), *map(str, files)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = {}
    for line in output.splitlines():
        name, model, n_components, bic, seconds = line.split(",")
        found[name] = Choice(model, int(n_components), float(bic), float(seconds))
    return found
