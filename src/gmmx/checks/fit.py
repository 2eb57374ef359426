"""The checks before a fit: of the parameters, and of the samples that they shall fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from gmmx.checks.constructor import check_component_count, check_parameters
from gmmx.checks.parameters import check_algorithm
from gmmx.checks.samples import check_spread
from gmmx.model.covariance import CovarianceStructure

if TYPE_CHECKING:
    from gmmx.arrays import Samples


class Fittable(Protocol):
    """The members of a mixture that `check_fit` reads."""

    n_components: int
    covariance_type: str
    algorithm: str

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the constructor."""


def check_fit(
    model: Fittable,
    samples: Samples,
    options: Mapping[str, Iterable[str]],
    structures: Mapping[str, type[CovarianceStructure]],
) -> None:
    """Raise if a mixture cannot be fitted to the samples.

    Parameters
    ----------
    model : Fittable
        The mixture.
    samples : ndarray of shape (n_samples, n_features)
        Finite numbers.
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
    check_parameters(model.get_params(), type(model).__name__, options)
    check_component_count(model.n_components, len(samples))
    check_spread(samples)
    check_algorithm(model.algorithm, structures[model.covariance_type])
