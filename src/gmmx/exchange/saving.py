"""Methods of the estimators for saving, and for exchange with scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Self

from gmmx.contract.estimator import Estimator, attributes_of_fit
from gmmx.exchange.shapes import check_shapes

if TYPE_CHECKING:
    import os

    from gmmx.exchange.format import ModelFile

# Classes that can be saved, and their modules. `load` imports only the module of a file's class.
SAVED_CLASSES = {
    "GaussianMixture": "gmmx.estimators.gaussian_mixture",
    "BayesianGaussianMixture": "gmmx.estimators.bayesian_gaussian_mixture",
}


class Portable(Estimator):
    """An estimator that can be saved, and converted to scikit-learn's estimator and back."""

    covariance_type: str

    def save(self, file: str | os.PathLike[str] | BinaryIO) -> None:
        """Save the fitted model to a file for `gmmx.load`.

        The file holds the parameters and the fitted attributes, bit for bit, and a checksum of its
        contents. It holds no code. A file at a path is replaced in one step: after a crash the path
        holds the whole old file or the whole new file. ``docs/model_file.md`` describes the format.

        Parameters
        ----------
        file : path-like or binary file object
            The file to write; a path may have any extension.

        Raises
        ------
        NotFittedError
            Before the first `fit`.
        TypeError
            If a parameter or attribute is not data, such as a function, if the class is a subclass
            that `gmmx.load` could not find, or if a file object is not binary.
        ValueError
            If fitted attributes that were set by hand have shapes that do not agree.
        OSError
            If the file cannot be written; an old file stays unchanged.

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
        from gmmx.exchange.format import write_model_file  # noqa: PLC0415 - few need it

        write_model_file(file, self._model_file())

    def to_bytes(self) -> bytes:
        """Return the contents of the file that `save` writes, for `gmmx.load`.

        Returns
        -------
        bytes
            A model file, for example for a database or a cache.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As for `save`.

        Examples
        --------
        >>> import gmmx
        >>> gm = gmmx.GaussianMixture(random_state=0).fit([[0.0], [1.0], [2.0]])
        >>> gmmx.load(gm.to_bytes()).means_
        array([[1.]])
        """
        from gmmx.exchange.format import encode  # noqa: PLC0415 - few need it

        return encode(self._model_file())

    def _model_file(self) -> ModelFile:
        """Return the contents of a model file for this model."""
        from gmmx.exchange.format import ModelFile  # noqa: PLC0415 - few need it

        self._check_is_fitted()
        name = type(self).__name__
        if SAVED_CLASSES.get(name) != type(self).__module__:
            known = " or ".join(SAVED_CLASSES)
            raise TypeError(f"a {name} cannot be saved, since gmmx.load finds only {known}")
        fitted = attributes_of_fit(self)
        check_shapes(self.covariance_type, fitted)
        # A callback is code, and model files hold no code.
        parameters = self.get_params()
        if "callback" in parameters:
            parameters["callback"] = None
        return ModelFile(name, parameters, fitted)

    def to_sklearn(self) -> Any:
        """Return a fitted estimator of scikit-learn with the same predictions, up to rounding.

        Covariance types that scikit-learn lacks become ``'tied'``. Parameters that scikit-learn
        lacks are left out.

        Returns
        -------
        estimator of sklearn.mixture
            An estimator of the class of the same name. It shares no memory with this model.

        Raises
        ------
        NotFittedError
            Before the first `fit`.
        ImportError
            If scikit-learn is not installed; the extra ``sklearn`` installs it.

        Examples
        --------
        >>> from gmmx import GaussianMixture
        >>> gm = GaussianMixture(random_state=0).fit([[0.0], [1.0], [2.0]])
        >>> gm.to_sklearn()
        GaussianMixture(random_state=0)
        """
        from gmmx.exchange.sklearn import to_sklearn  # noqa: PLC0415 - few need it

        self._check_is_fitted()
        return to_sklearn(self)

    @classmethod
    def from_sklearn(cls, fitted: Any) -> Self:
        """Return a fitted model with parameters and fitted attributes of scikit-learn's estimator.

        Parameters
        ----------
        fitted : estimator of sklearn.mixture
            A fitted estimator of the class of the same name.

        Returns
        -------
        GaussianMixture
            The model. It shares no memory with `fitted`.

        Raises
        ------
        TypeError
            If `fitted` is of another class.
        NotFittedError
            If `fitted` is not fitted.
        ImportError
            If scikit-learn is not installed; the extra ``sklearn`` installs it.

        Examples
        --------
        >>> from sklearn import mixture
        >>> from gmmx import GaussianMixture
        >>> theirs = mixture.GaussianMixture(random_state=0).fit([[0.0], [1.0], [2.0]])
        >>> GaussianMixture.from_sklearn(theirs).means_
        array([[1.]])
        """
        from gmmx.exchange.sklearn import from_sklearn  # noqa: PLC0415 - few need it

        return from_sklearn(cls, fitted)
