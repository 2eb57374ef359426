"""The check of a mixture's parameters before a fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from gmmx.checks.constructor import check_parameters
from gmmx.checks.parameters import check_algorithm
from gmmx.model.covariance import CovarianceStructure


class Fittable(Protocol):
    """The members of a mixture that `check_fit` reads."""

    n_components: int
    covariance_type: str
    algorithm: str

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the constructor."""


def check_fit(
    model: Fittable,
    options: Mapping[str, Iterable[str]],
    structures: Mapping[str, type[CovarianceStructure]],
) -> None:
    """Raise if a mixture with these parameters cannot be fitted.

    Parameters
    ----------
    model : Fittable
        The mixture.
    options : mapping of str to iterable of str
        Names of parameters, such as ``covariance_type``, and the strings that each accepts.
    structures : mapping of str to type of CovarianceStructure
        Covariance structures by their names.

    Raises
    ------
    InvalidParameterError
        If a parameter has a wrong type or value.
    ValueError
        If the algorithm cannot fit the covariance structure.
    """
    check_parameters(model.get_params(), type(model).__name__, options)
    check_algorithm(model.algorithm, structures[model.covariance_type])
