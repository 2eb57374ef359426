"""The checks of a mixture's parameters, sizes and checkpoint before a fit."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from gmmx.checks.constructor import check_component_count, check_parameters
from gmmx.checks.parameters import check_name_for_features
from gmmx.exceptions import invalid_parameter_error
from gmmx.model.covariance import STRUCTURES_BY_NAME, CovarianceStructure


class Fittable(Protocol):
    """The members of a mixture that the checks before a fit read."""

    n_components: int
    covariance_type: str
    algorithm: str

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the constructor."""


def check_fit(
    model: Fittable,
    options: Mapping[str, Collection[str]],
    structures: Mapping[str, type[CovarianceStructure]],
) -> None:
    """Raise if a mixture with these parameters cannot be fitted.

    Parameters
    ----------
    model : Fittable
        The mixture.
    options : mapping of str to collection of str
        Names of parameters, such as ``covariance_type``, and the strings that each accepts.
    structures : mapping of str to type of CovarianceStructure
        Covariance structures of such mixtures, by their names.

    Raises
    ------
    InvalidParameterError
        If a parameter has a wrong type or value.
    ValueError
        If the algorithm cannot fit the covariance structure.
    """
    name, covariance_type = type(model).__name__, model.covariance_type
    if isinstance(covariance_type, str) and covariance_type not in structures:
        _check_prior(name, covariance_type, structures)
    check_parameters(model.get_params(), name, options)
    if model.algorithm == "squarem" and not structures[covariance_type].has_chart:
        raise ValueError(
            f"algorithm='squarem' cannot extrapolate covariances of covariance_type="
            f"{structures[covariance_type].name!r}. Set algorithm='em'."
        )


def _check_prior(
    estimator_name: str, covariance_type: str, structures: Mapping[str, type[CovarianceStructure]]
) -> None:
    """Raise InvalidParameterError if only mixtures without a prior have a covariance structure."""
    if covariance_type in STRUCTURES_BY_NAME:
        known = (repr(name) for name, structure in structures.items() if name == structure.name)
        raise invalid_parameter_error(
            f"covariance_type={covariance_type!r} has no conjugate prior, which {estimator_name} "
            f"needs. Set covariance_type to one of {', '.join(known)}, or use GaussianMixture."
        )


def check_sizes(model: Fittable, n_samples: int, n_features: int) -> None:
    """Raise ValueError if a mixture cannot be fitted to samples of these sizes.

    Parameters
    ----------
    model : Fittable
        The mixture.
    n_samples, n_features : int
        Numbers of samples and of features.
    """
    check_component_count(model.n_components, n_samples)
    check_name_for_features(model.covariance_type, n_features)


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
