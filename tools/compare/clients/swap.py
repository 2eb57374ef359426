"""Replacement of scikit-learn's classes by gmmx's."""

from __future__ import annotations

from types import ModuleType


def gmmx_module() -> ModuleType:
    """Return gmmx, with its classes registered as subclasses of scikit-learn's."""
    import gmmx

    if hasattr(gmmx, "register_with_sklearn"):  # an older checkout may lack it
        gmmx.register_with_sklearn()
    return gmmx


def put_gmmx_in_place_of_sklearn() -> None:
    """Bind scikit-learn's names to gmmx's classes, for modules imported afterwards."""
    from sklearn import mixture
    from sklearn.mixture import _bayesian_mixture, _gaussian_mixture

    gmmx = gmmx_module()
    mixture.GaussianMixture = _gaussian_mixture.GaussianMixture = gmmx.GaussianMixture
    mixture.BayesianGaussianMixture = gmmx.BayesianGaussianMixture
    _bayesian_mixture.BayesianGaussianMixture = gmmx.BayesianGaussianMixture
