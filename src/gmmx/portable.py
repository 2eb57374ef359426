"""Models that leave the process: saved to a file, and exchanged with scikit-learn."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np

from gmmx.covariance import STRUCTURES
from gmmx.estimator import Estimator, attributes_of_fit
from gmmx.exceptions import ModelFileError

if TYPE_CHECKING:
    import os

    from gmmx.model_file import ModelFile

# Modules of the classes that can be saved, which `load` imports: not all programs need all.
_MODULES = {"GaussianMixture": "gmmx.mixture", "BayesianGaussianMixture": "gmmx.bayesian"}
_NEEDED = ("weights_", "means_", "precisions_cholesky_")  # attributes that predictions read


class Portable(Estimator):
    """An estimator that can be saved, and become scikit-learn's and back."""

    covariance_type: str

    def save(self, file: str | os.PathLike[str] | BinaryIO) -> None:
        """Save the fitted model to a file, which `gmmx.load` reads.

        The file holds the parameters and the fitted attributes, bit for bit, and a checksum over
        everything. Nothing in it is code. A file at a path is replaced in one step: after a crash
        there is the old file or the new one, never a part. ``docs/model_file.md`` describes the
        format.

        Parameters
        ----------
        file : path-like or binary file object
            Where to; a path may have any extension.

        Raises
        ------
        NotFittedError
            Before the first `fit`.
        TypeError
            If a parameter or attribute holds what is not data, such as a function, if the class
            is a subclass that `gmmx.load` could not find, or if a file object is not binary.
        ValueError
            If the shapes of fitted attributes that were set by hand do not agree.
        OSError
            If the file cannot be written; an old one is left as it was.

        Examples
        --------
        >>> import gmmx, os, tempfile
        >>> gm = gmmx.GaussianMixture(random_state=0).fit([[0.0], [1.0], [2.0]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "model.gmmx")
        ...     gm.save(path)
        ...     print(gmmx.load(path).means_)
        [[1.]]
        """
        from gmmx.model_file import write_model_file  # noqa: PLC0415 - few need it

        write_model_file(file, self._model_file())

    def to_bytes(self) -> bytes:
        """Return the bytes of the file that `save` writes, which `gmmx.load` reads.

        Returns
        -------
        bytes
            A model file, for example for a database or a cache.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As `save`.

        Examples
        --------
        >>> import gmmx
        >>> gm = gmmx.GaussianMixture(random_state=0).fit([[0.0], [1.0], [2.0]])
        >>> gmmx.load(gm.to_bytes()).means_
        array([[1.]])
        """
        from gmmx.model_file import encode  # noqa: PLC0415 - few need it

        return encode(self._model_file())

    def _model_file(self) -> ModelFile:
        """The contents of the file that holds this model."""
        from gmmx.model_file import ModelFile  # noqa: PLC0415 - few need it

        self._check_is_fitted()
        name = type(self).__name__
        if _MODULES.get(name) != type(self).__module__:
            known = " or ".join(_MODULES)
            raise TypeError(f"a {name} cannot be saved, as gmmx.load finds nothing but {known}")
        fitted = attributes_of_fit(self)
        _check_shapes(self.covariance_type, fitted)
        # A callback is code, which model files do not hold.
        parameters = self.get_params()
        if "callback" in parameters:
            parameters["callback"] = None
        return ModelFile(name, parameters, fitted)

    def to_sklearn(self) -> Any:
        """Return scikit-learn's fitted estimator with the same predictions, up to rounding.

        Covariance types that scikit-learn does not have become ``'tied'``. Parameters that it does
        not have are left out.

        Returns
        -------
        estimator of sklearn.mixture
            Of the class of the same name. It shares no memory with this model.

        Raises
        ------
        NotFittedError
            Before the first `fit`.
        ImportError
            Without scikit-learn, which the extra ``sklearn`` installs.

        Examples
        --------
        >>> from gmmx import GaussianMixture
        >>> gm = GaussianMixture(random_state=0).fit([[0.0], [1.0], [2.0]])
        >>> gm.to_sklearn()
        GaussianMixture(random_state=0)
        """
        from gmmx.interchange import to_sklearn  # noqa: PLC0415 - few need it

        self._check_is_fitted()
        return to_sklearn(self)

    @classmethod
    def from_sklearn(cls, fitted: Any) -> Self:
        """Return a fitted model with the parameters of scikit-learn's.

        Parameters
        ----------
        fitted : estimator of sklearn.mixture
            A fitted estimator of the class of the same name.

        Returns
        -------
        GaussianMixture
            A model with the same parameters and fitted attributes, which shares no memory with
            `fitted`.

        Raises
        ------
        TypeError
            If `fitted` is of another class.
        NotFittedError
            If it is not fitted.
        ImportError
            Without scikit-learn, which the extra ``sklearn`` installs.

        Examples
        --------
        >>> from sklearn import mixture
        >>> from gmmx import GaussianMixture
        >>> theirs = mixture.GaussianMixture(random_state=0).fit([[0.0], [1.0], [2.0]])
        >>> GaussianMixture.from_sklearn(theirs).means_
        array([[1.]])
        """
        from gmmx.interchange import from_sklearn  # noqa: PLC0415 - few need it

        return from_sklearn(cls, fitted)


def load(file: str | os.PathLike[str] | BinaryIO | bytes) -> Any:
    """Return the model that was saved to a file.

    Reading runs no code from the file and takes memory in proportion to its size, so that files
    may come from anywhere.

    Parameters
    ----------
    file : path-like, binary file object, or bytes
        A file that ``save`` of a fitted model wrote, or the bytes that ``to_bytes`` returned.

    Returns
    -------
    GaussianMixture
        The fitted model: its class, parameters and fitted attributes, bit for bit.

    Raises
    ------
    ModelFileError
        If the file is cut short, damaged, of another kind, or of a newer format version.
    TypeError
        If `file` is none of these, or a file object in text mode.
    OSError
        If it cannot be opened or read.

    Examples
    --------
    >>> import gmmx
    >>> gmmx.load("nowhere.gmmx")
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] No such file or directory: 'nowhere.gmmx'
    """
    from gmmx.model_file import name_of, read_model_file  # noqa: PLC0415 - few need it

    contents = read_model_file(file)
    written = f"{name_of(file)}: written by gmmx {contents.gmmx_version}, it holds"
    if contents.class_name not in _MODULES:
        raise ModelFileError(f"{written} a {contents.class_name!r}, which this gmmx does not know")
    cls: type[Portable] = getattr(import_module(_MODULES[contents.class_name]), contents.class_name)
    unknown = sorted(contents.parameters.keys() - cls._parameter_defaults)
    if unknown:
        raise ModelFileError(f"{written} parameters that this gmmx does not know: {unknown}")
    model = cls(**contents.parameters)
    model._replace_fitted_attributes(contents.fitted)
    try:
        fitted = attributes_of_fit(model)
        if fitted.keys() != contents.fitted.keys():
            raise ValueError("its attributes have names that no fit gives them")
        _check_shapes(model.covariance_type, fitted)
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{written} no model that can be used: {error}") from None
    return model


def _check_shapes(covariance_type: str, fitted: dict[str, Any]) -> None:
    """Raise ValueError unless the parameters of a mixture have shapes that agree."""
    if covariance_type not in STRUCTURES:
        raise ValueError(f"covariance_type is {covariance_type!r}")
    shape = np.asarray(fitted.get("means_")).shape
    if len(shape) != 2 or 0 in shape:
        raise ValueError(f"means_ has the shape {shape}, expected (n_components, n_features)")
    structure = STRUCTURES[covariance_type]
    covariance_shape = structure.covariance_shape(*shape)
    concentrations = np.shape(fitted.get("weight_concentration_", 0.0))
    expected = {
        "weights_": shape[:1],
        "means_": shape,
        "precisions_cholesky_": covariance_shape,
        "precisions_": covariance_shape,
        "covariances_": covariance_shape,
        "weight_concentration_": (2, *shape[:1]) if len(concentrations) == 2 else shape[:1],
        "mean_precision_": shape[:1],
        "degrees_of_freedom_": shape[:1] if "component" in structure.axes else (),
    }
    for name, own_shape in expected.items():
        values = np.asarray(fitted.get(name))
        is_there = name in fitted or name in _NEEDED
        if is_there and (values.shape != own_shape or values.dtype.kind not in "fiu"):
            raise ValueError(
                f"{name} has the shape {values.shape} and dtype {values.dtype}, expected numbers "
                f"of shape {own_shape}"
            )
    names = fitted.get("feature_names_in_", range(shape[1]))
    if fitted.get("n_features_in_", shape[1]) != shape[1] or len(names) != shape[1]:
        raise ValueError("its number of features or of their names is not that of means_")
