"""Loading of saved models."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO

from gmmx.checks.fitted import check_fitted_shapes
from gmmx.contract.estimator import attributes_of_fit
from gmmx.estimators.base import Mixture
from gmmx.exceptions import ModelFileError
from gmmx.exchange.saving import SAVED_CLASSES

if TYPE_CHECKING:
    import os

    from gmmx.exchange.format import ModelFile


def load(file: str | os.PathLike[str] | BinaryIO | bytes) -> Any:
    """Return the model that was saved to a file.

    Loading runs no code from the file and takes memory in proportion to its size, so that files
    from untrusted sources are safe to load.

    Parameters
    ----------
    file : path-like, binary file object, or bytes
        A file written by ``save`` of a fitted model, or the bytes returned by ``to_bytes``.

    Returns
    -------
    GaussianMixture or BayesianGaussianMixture
        The fitted model, with the class, parameters and fitted attributes of the saved model, bit
        for bit.

    Raises
    ------
    ModelFileError
        If the file is cut short, damaged, of another kind, or of a newer format version.
    TypeError
        If `file` has another type, or is a file object in text mode.
    OSError
        If the file cannot be opened or read.

    Examples
    --------
    >>> import gmmx
    >>> gmmx.load("nowhere.gmmx")
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] No such file or directory: 'nowhere.gmmx'
    """
    from gmmx.exchange.format import name_of, read_model_file  # noqa: PLC0415 - few need it

    return model_of(read_model_file(file), name_of(file))


def model_of(contents: ModelFile, name: str) -> Any:
    """Return the model described by the contents of a file.

    Parameters
    ----------
    contents : ModelFile
        The contents of a file that is not damaged.
    name : str
        Name of the file, for messages.

    Returns
    -------
    GaussianMixture or BayesianGaussianMixture
        The fitted model.

    Raises
    ------
    ModelFileError
        If this version of gmmx cannot make a model from the contents.
    """
    written = f"{name}: written by gmmx {contents.gmmx_version}, it holds"
    if contents.class_name not in SAVED_CLASSES:
        raise ModelFileError(f"{written} a {contents.class_name!r}, which this gmmx does not know")
    cls: type[Mixture] = getattr(
        import_module(SAVED_CLASSES[contents.class_name]), contents.class_name
    )
    unknown = sorted(contents.parameters.keys() - cls._parameter_defaults)
    if unknown:
        raise ModelFileError(f"{written} parameters that this gmmx does not know: {unknown}")
    model = cls(**contents.parameters)
    model._replace_fitted_attributes(contents.fitted)
    try:
        fitted = attributes_of_fit(model)
        if fitted.keys() != contents.fitted.keys():
            raise ValueError("its attributes have names that no fit gives them")
        check_fitted_shapes(model.covariance_type, fitted)
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{written} no model that can be used: {error}") from None
    return model
