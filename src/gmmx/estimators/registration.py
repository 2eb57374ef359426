"""Registration of gmmx's mixtures as virtual subclasses of scikit-learn's mixtures."""

from __future__ import annotations

from gmmx.estimators.bayesian_gaussian_mixture import BayesianGaussianMixture
from gmmx.estimators.gaussian_mixture import GaussianMixture
from gmmx.exchange.sklearn import sklearn_class


def register_with_sklearn() -> None:
    """Let ``isinstance(model, sklearn.mixture.GaussianMixture)`` accept gmmx's mixtures.

    Some packages check the class of a model before they use it. After this call gmmx's two mixtures
    are virtual subclasses of scikit-learn's classes of the same names, in the whole process.

    Raises
    ------
    ImportError
        If scikit-learn is not installed; the extra ``sklearn`` installs it.

    Examples
    --------
    >>> import gmmx
    >>> from sklearn.mixture import GaussianMixture
    >>> gmmx.register_with_sklearn()
    >>> isinstance(gmmx.GaussianMixture(), GaussianMixture)
    True
    """
    for mixture in (GaussianMixture, BayesianGaussianMixture):
        sklearn_class(mixture.__name__).register(mixture)
