"""Parameters of the estimators and models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from pyspark.ml.param import Param, Params

from gmmx.estimators.base import Mixture

# Parameters of the local class that have no use here: Spark assigns the threads, a fit starts anew,
# and a function cannot be saved.
NOT_ON_SPARK = {"callback", "n_threads", "warm_start"}


def as_plain(value: object) -> object:
    """Return a value as plain Python numbers, strings and lists, which Spark saves as JSON.

    Parameters
    ----------
    value : object
        A number, a string or an array-like of numbers, of NumPy or of Python.

    Returns
    -------
    object
        The same value; an array becomes a nested list.

    Raises
    ------
    TypeError
        If the value is none of these.
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [as_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(
        f"got a {type(value).__name__}, expected a number, a string or an array of numbers, which "
        "Spark can save"
    )


def _param(name: str, doc: str) -> Param[Any]:
    """Return a parameter whose value may be any plain value."""
    return Param(Params._dummy(), name, doc, typeConverter=as_plain)


class MixtureParams(Params):
    """The names of columns, and the parameters of a local mixture.

    A subclass names the class of the mixture; the parameters of its constructor become parameters
    of Spark.
    """

    features_col = _param(
        "features_col", "column of arrays or vectors, or list of columns of numbers"
    )
    weight_col = _param("weight_col", "column of weights; None: each row has weight 1")
    prediction_col = _param(
        "prediction_col", "column to add: the most probable component; None: leave it out"
    )
    probability_col = _param(
        "probability_col", "column to add: the probabilities of all components; None: leave it out"
    )

    _local_class: ClassVar[type[Mixture]]

    def __init_subclass__(cls) -> None:
        """Add the parameters of the local class."""
        super().__init_subclass__()
        if "_local_class" in vars(cls):
            for name in cls._mixture_defaults():
                setattr(cls, name, _param(name, f"see gmmx.{cls._local_class.__name__}"))

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(
            features_col="features", weight_col=None, prediction_col="prediction",
            probability_col="probability", **self._mixture_defaults(),
        )  # fmt: skip

    @classmethod
    def _mixture_defaults(cls) -> dict[str, object]:
        """Return the parameters of the local class, and their default values."""
        defaults = cls._local_class._parameter_defaults.items()
        return {name: value for name, value in defaults if name not in NOT_ON_SPARK}

    def setParams(self, **params: object) -> Self:  # noqa: N802 - as other estimators of Spark
        """Set parameters.

        Parameters
        ----------
        **params : object
            Names and new values. `fit` checks the values.

        Returns
        -------
        MixtureParams
            This object.

        Raises
        ------
        TypeError
            If a name is unknown, or if Spark could not save a value.
        """
        for name in params:
            if not self.hasParam(name):
                known = ", ".join(param.name for param in self.params)
                raise TypeError(f"{type(self).__name__} has no parameter {name!r}, only {known}")
        self._set(**params)
        return self

    def _local(self) -> Mixture:
        """Return a local mixture, not fitted, with the values of the parameters."""
        return self._local_class(
            **{name: self.getOrDefault(name) for name in self._mixture_defaults()}
        )

    def _feature_names(self) -> str:
        """Return the names of the columns that hold the features, for messages."""
        names: str | Sequence[str] = self.getOrDefault("features_col")
        return names if isinstance(names, str) else ", ".join(names)
