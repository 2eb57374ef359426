"""Conversion of fitted mixtures to scikit-learn's estimators and back."""

from __future__ import annotations

from copy import deepcopy
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gmmx.contract.estimator import attributes_of_fit
from gmmx.exceptions import not_fitted_error
from gmmx.model.covariance import STRUCTURES_BY_NAME

if TYPE_CHECKING:
    from gmmx.arrays import ArrayLike, NDArray
    from gmmx.contract.estimator import Estimator

_Model = TypeVar("_Model", bound="Estimator")

_STARTS = ("kmeans", "k-means++", "random", "random_from_data")  # that scikit-learn has
_VARIANCES = (
    "covariances_", "precisions_", "precisions_cholesky_", "precisions_init",
    "covariance_prior", "covariance_prior_",
)  # fmt: skip


def to_sklearn(model: Estimator) -> Any:
    """Return a fitted estimator of scikit-learn with the same predictions.

    Parameters
    ----------
    model : Estimator
        A fitted mixture.

    Returns
    -------
    estimator of sklearn.mixture
        An estimator of the class of the same name. It shares no memory with `model`.
    """
    theirs = sklearn_class(type(model).__name__)()
    parameters, fitted = deepcopy((model.get_params(), attributes_of_fit(model)))
    structure = STRUCTURES_BY_NAME[parameters["covariance_type"]]
    parameters["covariance_type"] = structure.sklearn_name
    if STRUCTURES_BY_NAME[structure.sklearn_name].are_matrices and not structure.are_matrices:
        # scikit-learn has no diagonal matrix that all components share.
        n_features = np.shape(fitted["means_"])[1]
        for values in (parameters, fitted):
            for name in _VARIANCES:
                if values.get(name) is not None:
                    values[name] = _diagonal_matrix(values[name], n_features)
    if parameters["init_params"] not in _STARTS:
        parameters["init_params"] = theirs.init_params
    known = parameters.keys() & theirs.get_params()
    theirs.set_params(**{name: parameters[name] for name in known})
    vars(theirs).update(fitted)
    return theirs


def from_sklearn(cls: type[_Model], fitted: Any) -> _Model:
    """Return a fitted mixture with parameters and fitted attributes of scikit-learn's estimator.

    Parameters
    ----------
    cls : subclass of Estimator
        The class of the mixture.
    fitted : estimator of sklearn.mixture
        A fitted estimator of the class of the same name.

    Returns
    -------
    Estimator
        A mixture of class `cls`. It shares no memory with `fitted`.
    """
    name = cls.__name__
    if not isinstance(fitted, sklearn_class(name)):
        raise TypeError(f"expected a fitted sklearn.mixture.{name}, got a {type(fitted).__name__}")
    parameters, attributes = deepcopy((fitted.get_params(), attributes_of_fit(fitted)))
    if not attributes:
        raise not_fitted_error(name)
    known = parameters.keys() & cls._parameter_defaults
    model = cls(**{name: parameters[name] for name in known})
    model._replace_fitted_attributes(attributes)
    return model


def sklearn_class(name: str) -> Any:
    """Return the class of this name in `sklearn.mixture`.

    Parameters
    ----------
    name : str
        Name of the class.

    Returns
    -------
    type
        The class.

    Raises
    ------
    ImportError
        If scikit-learn is not installed; the extra ``sklearn`` installs it.
    """
    try:
        return getattr(import_module("sklearn.mixture"), name)
    except ImportError as error:
        raise ImportError(
            "exchanging models with scikit-learn needs scikit-learn: "
            "pip install 'gmmx-native[sklearn]'"
        ) from error


def _diagonal_matrix(variances: ArrayLike, n_features: int) -> NDArray[np.floating[Any]]:
    """Return a diagonal matrix of the features' variances, or of a single variance."""
    values = np.asarray(variances)
    return np.asarray(values[..., np.newaxis] * np.eye(n_features, dtype=values.dtype))
