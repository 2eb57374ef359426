"""The other package that is imported as gmmx: Gaussian mixtures in JAX, named gmmx on PyPI.

Both packages have the folder gmmx and the file gmmx/__init__.py in it. The one that is installed
last overwrites that of the first, and uninstalling one leaves the other without it.
"""

from __future__ import annotations

import os
import sys
import warnings

FOLDER = os.path.dirname(__file__)
ITS_FILES = ("fit.py", "gmm.py", "utils.py")
REPAIR = (
    "gmmx-native and the JAX package gmmx cannot be installed in one environment. To repair "
    "gmmx-native: pip uninstall -y gmmx gmmx-native, then pip install gmmx-native."
)


def warn_about_its_files() -> None:
    """Warn if files of the other package lie beside this one."""
    found = [name for name in ITS_FILES if os.path.exists(os.path.join(FOLDER, name))]
    if found:
        _warn(f"{FOLDER} also holds files of the JAX package gmmx: {', '.join(found)}.")


def warn_if_overwritten() -> None:
    """Warn if the package's __init__.py is that of the other package, or gone."""
    if not hasattr(sys.modules["gmmx"], "_MODULES"):
        _warn(f"{os.path.join(FOLDER, '__init__.py')} is no longer the file of gmmx-native.")


def _warn(finding: str) -> None:
    """Warn whoever imports the module that asks."""
    warnings.warn(f"{finding} {REPAIR}", RuntimeWarning, stacklevel=4)
