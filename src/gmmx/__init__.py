"""Gaussian mixtures on CPUs: scikit-learn's contract, compiled kernels."""

from gmmx import _build
from gmmx.build_config import build_config
from gmmx.exceptions import ConvergenceWarning, NotFittedError
from gmmx.mixture import GaussianMixture

__version__ = _build.VERSION

__all__ = [
    "ConvergenceWarning",
    "GaussianMixture",
    "NotFittedError",
    "__version__",
    "build_config",
]
