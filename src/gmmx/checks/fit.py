"""The checks of a mixture's parameters and of a checkpoint's path before a fit."""

from __future__ import annotations

import os
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


def check_checkpoint(path: str | os.PathLike[str]) -> None:
    """Raise if a checkpoint cannot be written to a path.

    Parameters
    ----------
    path : path-like
        The file of the checkpoint.

    Raises
    ------
    TypeError
        If it is no path.
    OSError
        If its folder does not exist or cannot be written to, or if it is a folder.
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise TypeError(f"checkpoint must be a path, got {path!r}.")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"The folder of checkpoint={os.fspath(path)!r} does not exist.")
    if os.path.isdir(path):
        raise IsADirectoryError(f"checkpoint={os.fspath(path)!r} is a folder, expected a file.")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"No permission to write checkpoint={os.fspath(path)!r}.")
