"""Contents of the files that models are saved to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gmmx.checks.fitted import check_fitted_shapes
from gmmx.contract.estimator import Estimator, attributes_of_fit

if TYPE_CHECKING:
    from gmmx.exchange.format import ModelFile

# Classes that can be saved, and their modules. `load` imports only the module of a file's class.
SAVED_CLASSES = {
    "GaussianMixture": "gmmx.estimators.gaussian_mixture",
    "BayesianGaussianMixture": "gmmx.estimators.bayesian_gaussian_mixture",
}


def model_file_of(model: Estimator) -> ModelFile:
    """Return the contents of a model file for a fitted model.

    Parameters
    ----------
    model : Estimator
        A fitted mixture.

    Returns
    -------
    ModelFile
        Parameters and fitted attributes.

    Raises
    ------
    NotFittedError
        Before the first `fit`.
    TypeError
        If `gmmx.load` could not find the class.
    ValueError
        If fitted attributes have shapes that do not agree.
    """
    from gmmx.exchange.format import ModelFile  # noqa: PLC0415 - few need it

    model._check_is_fitted()
    name = type(model).__name__
    if SAVED_CLASSES.get(name) != type(model).__module__:
        known = " or ".join(SAVED_CLASSES)
        raise TypeError(f"a {name} cannot be saved, since gmmx.load finds only {known}")
    fitted, parameters = attributes_of_fit(model), model.get_params()
    check_fitted_shapes(parameters["covariance_type"], fitted)
    if "callback" in parameters:  # it is code, and model files hold no code
        parameters["callback"] = None
    return ModelFile(name, parameters, fitted)
