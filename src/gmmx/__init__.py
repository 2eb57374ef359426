"""Gaussian mixtures on CPUs: scikit-learn's contract, compiled kernels."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

try:
    from gmmx import _build
    from gmmx.build_config import build_config
    from gmmx.exceptions import ConvergenceWarning, ModelFileError, NotFittedError
    from gmmx.mixture import GaussianMixture
    from gmmx.portable import load
except KeyboardInterrupt:
    # The commands ``python -m gmmx`` and ``gmmx`` come past here before they can catch Ctrl-C.
    if sys.argv[0] != "-m" and not sys.argv[0].endswith("gmmx"):
        raise
    raise SystemExit(130) from None

if TYPE_CHECKING:
    from gmmx.bayesian import BayesianGaussianMixture
    from gmmx.columns import ColumnFitError, fit_columns
    from gmmx.degenerate import DegenerateMixtureError
    from gmmx.registration import register_with_sklearn

__version__ = _build.VERSION

__all__ = [
    "BayesianGaussianMixture",
    "ColumnFitError",
    "ConvergenceWarning",
    "DegenerateMixtureError",
    "GaussianMixture",
    "ModelFileError",
    "NotFittedError",
    "__version__",
    "build_config",
    "fit_columns",
    "load",
    "register_with_sklearn",
]

# What many programs do not need is imported when it is asked for.
_MODULES = {
    "BayesianGaussianMixture": "gmmx.bayesian",
    "ColumnFitError": "gmmx.columns",
    "DegenerateMixtureError": "gmmx.degenerate",
    "fit_columns": "gmmx.columns",
    "register_with_sklearn": "gmmx.registration",
}


def __getattr__(name: str) -> object:
    """Return a public name of a module that is imported now."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    """Return all names, also those of modules that are not imported yet."""
    return sorted({*globals(), *_MODULES})
