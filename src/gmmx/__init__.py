"""Gaussian mixtures on CPUs: scikit-learn's contract, compiled kernels."""

import sys

try:
    from gmmx import _build
    from gmmx.bayesian import BayesianGaussianMixture
    from gmmx.build_config import build_config
    from gmmx.columns import ColumnFitError, fit_columns
    from gmmx.exceptions import ConvergenceWarning, ModelFileError, NotFittedError
    from gmmx.mixture import GaussianMixture
    from gmmx.portable import load
except KeyboardInterrupt:
    # The commands ``python -m gmmx`` and ``gmmx`` come past here before they can catch Ctrl-C.
    if sys.argv[0] != "-m" and not sys.argv[0].endswith("gmmx"):
        raise
    raise SystemExit(130) from None

__version__ = _build.VERSION

__all__ = [
    "BayesianGaussianMixture",
    "ColumnFitError",
    "ConvergenceWarning",
    "GaussianMixture",
    "ModelFileError",
    "NotFittedError",
    "__version__",
    "build_config",
    "fit_columns",
    "load",
]
