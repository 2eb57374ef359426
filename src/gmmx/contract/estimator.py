"""The contract of scikit-learn's estimators, without importing scikit-learn.

`Estimator` has parameters (the arguments of the constructor, stored under their names) and fitted
attributes (names that end with an underscore). A fit works on local values and stores its result
in one step at the end, so that a failed fit leaves the fitted model unchanged::

    def fit(self, X, y=None):
        samples, features = self._check_training_samples(X, min_samples=2)
        weights, means = ...
        self._replace_fitted_attributes({**features, "weights_": weights, "means_": means})
        return self

    def predict(self, X):
        samples = self._check_new_samples(X)
        return ...
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, cast

from gmmx.checks.feature_names import check_feature_count, check_feature_names, feature_names
from gmmx.checks.samples import check_samples
from gmmx.contract.representation import (
    IGNORED_BY_MATHJAX,
    html_table,
    prints_changed_only,
    short_repr,
    summary,
    wrapped_call,
)
from gmmx.exceptions import collected_warnings, not_fitted_error, warn_convergence

if TYPE_CHECKING:
    from typing import NotRequired, TypedDict

    import numpy as np

    from gmmx.arrays import FloatArray, NDArray

    class FeatureAttributes(TypedDict):
        """Fitted attributes that describe the features of the samples."""

        n_features_in_: int
        feature_names_in_: NotRequired[NDArray[np.object_]]


class Estimator:
    """Base of all estimators: parameters, representation, fitted state and feature names."""

    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    _parameter_defaults: ClassVar[dict[str, object]] = {}
    _has_unnamed_parameters: ClassVar[bool] = False
    # A fit replaces these attributes and leaves all others, set by a user or a subclass, alone.
    _fitted_names: ClassVar[frozenset[str]] = frozenset({"n_features_in_", "feature_names_in_"})

    def __init_subclass__(cls) -> None:
        """Read the parameters and their defaults from the signature of the constructor."""
        super().__init_subclass__()
        if "__init__" not in vars(cls):
            return
        parameters = inspect.signature(cls).parameters.values()
        kinds = {parameter.kind for parameter in parameters}
        cls._has_unnamed_parameters = inspect.Parameter.VAR_POSITIONAL in kinds
        cls._parameter_defaults = {
            parameter.name: parameter.default
            for parameter in sorted(parameters, key=lambda parameter: parameter.name)
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD
        }

    @classmethod
    def _get_param_names(cls) -> list[str]:
        """Return the names of the constructor's parameters, in alphabetical order."""
        if cls._has_unnamed_parameters:
            raise RuntimeError(
                "scikit-learn estimators should always specify their parameters in the signature "
                f"of their __init__ (no varargs). {cls} takes *args: name its parameters."
            )
        return list(cls._parameter_defaults)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of this estimator.

        Parameters
        ----------
        deep : bool, default=True
            Ignored, since no parameter is an estimator; scikit-learn passes it.

        Returns
        -------
        dict of str to object
            Parameter names in alphabetical order and their values.
        """
        return {name: getattr(self, name) for name in self._get_param_names()}

    def set_params(self, **params: object) -> Self:
        """Set parameters of this estimator.

        Parameters
        ----------
        **params : object
            Parameter names and their new values; ``fit`` checks the values.

        Returns
        -------
        Estimator
            This estimator.
        """
        valid = self._get_param_names()
        for name in params:
            if name not in valid:
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {self}. "
                    f"Valid parameters are: {valid!r}."
                )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        """Return the constructor's call, without parameters that have their default value.

        With scikit-learn's option ``print_changed_only=False`` it has all parameters.
        """
        shown = self._changed_params() if prints_changed_only() else self.get_params().items()
        arguments = [f"{name}={short_repr(value)}" for name, value in shown]
        return wrapped_call(type(self).__name__, arguments)

    def _repr_html_(self) -> str:
        """Return the result of the fit for notebooks, then folded parameters and attributes."""
        from html import escape  # noqa: PLC0415 - seldom needed, and slow to import

        changed = dict(self._changed_params())
        parameters = {
            f"<b>{name}</b>" if name in changed else name: escape(short_repr(value))
            for name, value in self.get_params().items()
        }
        fitted = {
            escape(name): escape(summary(value))
            for name, value in vars(self).items()
            if _is_fitted_name(name)
        }
        state = "fitted" if self.__sklearn_is_fitted__() else "not fitted"
        return (
            f'<div class="{IGNORED_BY_MATHJAX}">{self._result_html()}'
            f"<details><summary><code>{type(self).__name__}</code> ({state})</summary>"
            f"{html_table('Parameters', parameters)}{html_table('Fitted attributes', fitted)}"
            "</details></div>"
        )

    def _result_html(self) -> str:
        """Return the result of the fit in HTML, an empty string if there is none to show."""
        return ""

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Return the representations as text and as HTML, from which a notebook chooses."""
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def _get_params_html(self, deep: bool = True, doc_link: str = "") -> Any:
        """Return the table of parameters in scikit-learn's diagrams."""
        return _of_base_estimator("_get_params_html")(self, deep, doc_link)

    def _get_fitted_attr_html(self, doc_link: str = "") -> Any:
        """Return the table of fitted attributes in scikit-learn's diagrams."""
        return _of_base_estimator("_get_fitted_attr_html")(self, doc_link)

    def __sklearn_tags__(self) -> object:
        """Return scikit-learn's tags: a density estimator of dense data, without a target."""
        sklearn_utils = import_module("sklearn.utils")
        return sklearn_utils.Tags(
            estimator_type="density_estimator",
            target_tags=sklearn_utils.TargetTags(required=False),
            transformer_tags=None,
            classifier_tags=None,
            regressor_tags=None,
        )

    def get_metadata_routing(self) -> Any:
        """Return the metadata that scikit-learn may route to this estimator.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRequest
            The requests of `set_fit_request`, `set_partial_fit_request` and `set_score_request`.
            Needs scikit-learn.
        """
        return self._get_metadata_request()

    def _get_metadata_request(self) -> Any:
        """Return the requests that were set, or those of an estimator without requests."""
        routing = import_module("sklearn.utils.metadata_routing")
        requested = getattr(self, "_metadata_request", None)
        if requested is not None:
            return routing.get_routing_for_object(requested)
        request = routing.MetadataRequest(owner=self)
        for method in ("fit", "partial_fit", "score"):
            function = getattr(type(self), method, None)
            if function and "sample_weight" in inspect.signature(function).parameters:
                getattr(request, method).add_request(param="sample_weight", alias=None)
        return request

    def set_fit_request(self, *, sample_weight: bool | str | None = None) -> Self:
        """Request that meta-estimators of scikit-learn pass `sample_weight` to `fit`.

        Parameters
        ----------
        sample_weight : bool, str or None, default=None
            True: pass it; False: do not; None: raise an error if a user gives it; a string: pass
            the metadata of that name.

        Returns
        -------
        Estimator
            This estimator. Needs scikit-learn with ``enable_metadata_routing=True``.
        """
        return self._request("fit", sample_weight)

    def set_partial_fit_request(self, *, sample_weight: bool | str | None = None) -> Self:
        """Request that meta-estimators of scikit-learn pass `sample_weight` to `partial_fit`.

        Parameters
        ----------
        sample_weight : bool, str or None, default=None
            As for `set_fit_request`.

        Returns
        -------
        Estimator
            This estimator. Needs scikit-learn with ``enable_metadata_routing=True``.
        """
        return self._request("partial_fit", sample_weight)

    def set_score_request(self, *, sample_weight: bool | str | None = None) -> Self:
        """Request that meta-estimators of scikit-learn pass `sample_weight` to `score`.

        Parameters
        ----------
        sample_weight : bool, str or None, default=None
            As for `set_fit_request`.

        Returns
        -------
        Estimator
            This estimator. Needs scikit-learn with ``enable_metadata_routing=True``.
        """
        return self._request("score", sample_weight)

    def _request(self, method: str, sample_weight: bool | str | None) -> Self:
        """Store a request for metadata."""
        requests = import_module("sklearn.utils._metadata_requests")
        descriptor = requests.RequestMethod(method, ["sample_weight"])
        descriptor.__get__(self, type(self))(sample_weight=sample_weight)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether fitted attributes exist, set by ``fit`` or by hand."""
        # Fitted attributes come after the parameters, so the search from the end is short.
        return any(map(_is_fitted_name, reversed(vars(self))))

    def _check_is_fitted(self) -> None:
        """Raise NotFittedError before the first ``fit``."""
        if not self.__sklearn_is_fitted__():
            raise not_fitted_error(type(self).__name__)

    def _check_training_samples(
        self, X: object, *, min_samples: int
    ) -> tuple[FloatArray, FeatureAttributes]:
        """Return the samples to fit and the fitted attributes that describe their features."""
        names = feature_names(X)
        samples = check_samples(X, type(self).__name__, min_samples=min_samples)
        return samples, feature_attributes(samples.shape[1], names)

    def _check_new_samples(self, X: object) -> FloatArray:
        """Return checked samples for a fitted model, with the same features as in ``fit``."""
        self._check_is_fitted()
        estimator_name = type(self).__name__
        names = getattr(self, "feature_names_in_", None)
        check_feature_names(X, names, estimator_name)
        samples = check_samples(X, estimator_name)
        n_features = self._n_features()
        if n_features is not None:
            check_feature_count(samples.shape[1], n_features, estimator_name)
        return samples

    def _n_features(self) -> int | None:
        """Return the number of features of the fitted model, None if it is unknown."""
        return getattr(self, "n_features_in_", None)

    def _features(self) -> FeatureAttributes:
        """Return the fitted attributes that describe the features."""
        fitted = vars(self)
        names = ("n_features_in_", "feature_names_in_")
        return cast("FeatureAttributes", {name: fitted[name] for name in names if name in fitted})

    def _replace_fitted_attributes(self, attributes: Mapping[str, object]) -> None:
        """Replace the result of the previous fit in one step."""
        replaced = self._fitted_names
        kept = {name: value for name, value in vars(self).items() if name not in replaced}
        self.__dict__ = {**kept, **attributes}

    def _store_fit(
        self, features: FeatureAttributes, fitted: Callable[[], Mapping[str, object]]
    ) -> None:
        """Run a fit and replace the result of the previous fit in one step.

        Warnings are issued before the result is stored: if a filter makes one an error, the model
        stays unchanged, as after any other error.

        Parameters
        ----------
        features : FeatureAttributes
            Fitted attributes that describe the features.
        fitted : callable
            Returns all other fitted attributes.
        """
        try:
            with collected_warnings() as messages:
                attributes = fitted()
        finally:
            for message in dict.fromkeys(messages):
                warn_convergence(message)
        self._replace_fitted_attributes({**features, **attributes})

    def _changed_params(self) -> list[tuple[str, object]]:
        """Return the names and values of the parameters that differ from their defaults."""
        defaults = self._parameter_defaults
        return [
            (name, value)
            for name, value in self.get_params().items()
            if value is not defaults[name] and short_repr(value) != short_repr(defaults[name])
        ]


def feature_attributes(n_features: int, names: NDArray[np.object_] | None) -> FeatureAttributes:
    """Return the fitted attributes that describe the features of the samples."""
    features: FeatureAttributes = {"n_features_in_": n_features}
    if names is not None:
        features["feature_names_in_"] = names
    return features


class Attributes(dict[str, Any]):
    """A copy of an estimator's attributes, which a fit in another thread cannot change.

    Parameters
    ----------
    estimator : Estimator
        The estimator. Looking up an attribute that it lacks raises AttributeError.
    """

    def __init__(self, estimator: Estimator) -> None:
        super().__init__(vars(estimator))
        self.class_name = type(estimator).__name__

    def __missing__(self, name: str) -> NoReturn:
        """Raise AttributeError."""
        raise AttributeError(f"'{self.class_name}' object has no attribute {name!r}")


def attributes_of_fit(estimator: object) -> dict[str, Any]:
    """Return the fitted attributes of an estimator, gmmx's or scikit-learn's.

    Parameters
    ----------
    estimator : object
        The estimator.

    Returns
    -------
    dict of str to object
        Names and values; empty if the estimator is not fitted.
    """
    return {name: value for name, value in vars(estimator).items() if _is_fitted_name(name)}


def _is_fitted_name(name: str) -> bool:
    """Return whether an attribute of this name is the result of a fit."""
    return name.endswith("_") and not name.startswith("_")


def _of_base_estimator(name: str) -> Any:
    """Return a method of scikit-learn's BaseEstimator, to call with any estimator."""
    return getattr(import_module("sklearn.base").BaseEstimator, name)
