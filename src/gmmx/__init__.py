"""Gaussian mixtures on CPUs: scikit-learn's contract, compiled kernels."""

from gmmx import _build
from gmmx.build_config import build_config
from gmmx.exceptions import ConvergenceWarning, ModelFileError, NotFittedError
from gmmx.mixture import GaussianMixture
from gmmx.portable import load

__version__ = _build.VERSION

__all__ = [
    "ConvergenceWarning",
    "GaussianMixture",
    "ModelFileError",
    "NotFittedError",
    "__version__",
    "build_config",
    "load",
]
