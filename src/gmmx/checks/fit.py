"""The checks before a fit: of the parameters, and of the samples that they shall fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gmmx.checks.constructor import check_component_count, check_parameters
from gmmx.checks.parameters import check_algorithm
from gmmx.checks.samples import check_spread
from gmmx.model.covariance import CovarianceStructure

if TYPE_CHECKING:
    from gmmx.arrays import Samples


def check_fit(
    parameters: Mapping[str, Any],
    samples: Samples,
    estimator_name: str,
    options: Mapping[str, Iterable[str]],
    structures: Mapping[str, type[CovarianceStructure]],
) -> None:
    """Raise if a mixture with these parameters cannot be fitted to the samples.

    Parameters
    ----------
    parameters : mapping of str to object
        The result of ``get_params`` of the mixture.
    samples : ndarray of shape (n_samples, n_features)
        Finite numbers.
    estimator_name : str
        Name of the estimator's class, for messages.
    options : mapping of str to iterable of str
        Names of parameters, such as ``covariance_type``, and the strings that each accepts.
    structures : mapping of str to type of CovarianceStructure
        Covariance structures by their names.

    Raises
    ------
    InvalidParameterError
        If a parameter has a wrong type or value.
    ValueError
        If there are fewer samples than components, if squares of the samples overflow, or if the
        algorithm cannot fit the covariance structure.
    """
    check_parameters(parameters, estimator_name, options)
    check_component_count(parameters["n_components"], len(samples))
    check_spread(samples)
    check_algorithm(parameters["algorithm"], structures[parameters["covariance_type"]])
