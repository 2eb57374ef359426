"""Gaussian mixtures on CPUs: scikit-learn's contract, compiled kernels."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from gmmx import _build
from gmmx.build_config import build_config  # the module of this name would hide the function
from gmmx.other_package import warn_about_its_files

if TYPE_CHECKING:
    from gmmx.estimators.bayesian_gaussian_mixture import BayesianGaussianMixture
    from gmmx.estimators.columns import ColumnFitError, fit_columns
    from gmmx.estimators.gaussian_mixture import GaussianMixture
    from gmmx.estimators.loading import load
    from gmmx.estimators.registration import register_with_sklearn
    from gmmx.exceptions import ConvergenceWarning, ModelFileError, NotFittedError
    from gmmx.model.collapse import DegenerateMixtureError
    from gmmx.selection.gaussian_mixture_ic import GaussianMixtureIC
    from gmmx.selection.summary import MixtureSummary, summary
    from gmmx.uncertainty.bootstrap import bootstrap
    from gmmx.uncertainty.bootstrap_lrt import bootstrap_lrt
    from gmmx.uncertainty.merge_components import merge_components

__version__ = _build.VERSION

__all__ = [
    "BayesianGaussianMixture",
    "ColumnFitError",
    "ConvergenceWarning",
    "DegenerateMixtureError",
    "GaussianMixture",
    "GaussianMixtureIC",
    "MixtureSummary",
    "ModelFileError",
    "NotFittedError",
    "__version__",
    "bootstrap",
    "bootstrap_lrt",
    "build_config",
    "fit_columns",
    "load",
    "merge_components",
    "register_with_sklearn",
    "summary",
]

# A module is imported when one of its names is first used: the command line imports this file
# before it can catch Ctrl-C, and importing NumPy takes a moment.
_MODULES = {
    "bootstrap": "gmmx.uncertainty.bootstrap",
    "bootstrap_lrt": "gmmx.uncertainty.bootstrap_lrt",
    "BayesianGaussianMixture": "gmmx.estimators.bayesian_gaussian_mixture",
    "ColumnFitError": "gmmx.estimators.columns",
    "ConvergenceWarning": "gmmx.exceptions",
    "DegenerateMixtureError": "gmmx.model.collapse",
    "fit_columns": "gmmx.estimators.columns",
    "GaussianMixture": "gmmx.estimators.gaussian_mixture",
    "GaussianMixtureIC": "gmmx.selection.gaussian_mixture_ic",
    "load": "gmmx.estimators.loading",
    "merge_components": "gmmx.uncertainty.merge_components",
    "MixtureSummary": "gmmx.selection.summary",
    "ModelFileError": "gmmx.exceptions",
    "NotFittedError": "gmmx.exceptions",
    "register_with_sklearn": "gmmx.estimators.registration",
    "summary": "gmmx.selection.summary",
}


def __getattr__(name: str) -> object:
    """Import the module of a public name and return the object of this name."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    """Return all names, including the public names of modules that are not imported yet."""
    return sorted({*globals(), *_MODULES})


warn_about_its_files()
