"""Warnings about the JAX package that is named gmmx on PyPI and imported as gmmx, too.

Both packages install a file gmmx/__init__.py. The package installed last overwrites this file, and
uninstalling either package removes it.
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
    """Warn if files of the JAX package lie in the folder of this package."""
    found = [name for name in ITS_FILES if os.path.exists(os.path.join(FOLDER, name))]
    if found:
        _warn(f"{FOLDER} also holds files of the JAX package gmmx: {', '.join(found)}.")


def warn_if_overwritten() -> None:
    """Warn if gmmx/__init__.py was overwritten by the JAX package or removed."""
    if not hasattr(sys.modules["gmmx"], "_MODULES"):
        _warn(f"{os.path.join(FOLDER, '__init__.py')} is no longer the file of gmmx-native.")


def _warn(finding: str) -> None:
    """Issue a warning that points at the import of the module that found the problem."""
    warnings.warn(f"{finding} {REPAIR}", RuntimeWarning, stacklevel=4)
