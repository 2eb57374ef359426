"""Base of the mixtures: fit, prediction and sampling."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Self

import numpy as np

from gmmx._core.interface.prediction import Predictor, Snapshot
from gmmx._core.interface.threads import resolve_n_threads
from gmmx.checks.constructor import check_component_count, check_quantile, check_sample_count
from gmmx.checks.feature_names import missing_names_message
from gmmx.checks.fit import check_fit
from gmmx.checks.parameters import check_fitted_feature_count, check_warm_start
from gmmx.checks.random_state import check_random_state
from gmmx.checks.samples import check_spread
from gmmx.checks.weights import check_weighted, weighted_sum
from gmmx.contract.estimator import Attributes, Estimator, FeatureAttributes, feature_attributes
from gmmx.contract.hooks import warn_about_hooks
from gmmx.em.fit_plan import FitPlan
from gmmx.em.loop import EMResult
from gmmx.em.restarts import best_of
from gmmx.estimators.attributes import fitted_attributes, fitted_distribution
from gmmx.estimators.fit_warnings import warn_about
from gmmx.exceptions import collected_warnings, warn_convergence, warn_user
from gmmx.exchange.saving import model_file_of
from gmmx.model.covariance import CovarianceStructure
from gmmx.model.parameters import MixtureParameters
from gmmx.samples.array_source import ArraySource
from gmmx.samples.kernel_parameters import KernelParameters

if TYPE_CHECKING:
    import os

    from gmmx.arrays import Array, ArrayLike, NDArray, Samples
    from gmmx.samples.source import SampleSource

    Output = Callable[[Predictor, object, int | None], NDArray[Any] | None]


class Mixture(Estimator):
    """Mixture of Gaussians: a model that is fitted, predicts and draws samples."""

    weights_: NDArray[np.floating]
    means_: NDArray[np.floating]
    covariances_: NDArray[np.floating]
    precisions_: NDArray[np.floating]
    precisions_cholesky_: NDArray[np.floating]
    converged_: bool
    n_iter_: int
    lower_bound_: np.float64
    lower_bounds_: list[np.float64]
    n_components: int
    covariance_type: str
    tol: float
    reg_covar: float
    max_iter: int
    n_init: int
    algorithm: str
    warm_start: bool
    verbose: int
    verbose_interval: int
    n_threads: int | None
    random_state: int | np.random.RandomState | None
    callback: Callable[[int, float], object] | None

    _structures: ClassVar[Mapping[str, type[CovarianceStructure]]]
    _options: ClassVar[dict[str, Iterable[str]]]
    _output_dtype: ClassVar[type[np.float64] | None] = None  # None: the samples' dtype

    # A slot outside the dictionary: packed parameters are no part of the model's state.
    __slots__ = ("_kept",)
    _kept: tuple[Snapshot, Predictor]

    # Attributes that `_parameters` reads for predictions.
    _predicts_from: ClassVar[tuple[str, ...]] = (
        "covariance_type",
        "weights_",
        "means_",
        "precisions_cholesky_",
        "n_features_in_",
    )
    # Attributes that a warm start needs; a fit of a model without them starts anew.
    _continues_from: ClassVar[tuple[str, ...]] = ("converged_", "covariances_", "lower_bound_")

    _fitted_names = Estimator._fitted_names | {
        "weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_",
        "converged_", "n_iter_", "lower_bound_", "lower_bounds_",
    }  # fmt: skip

    def __init_subclass__(cls) -> None:
        """Warn if a subclass overrides a method that scikit-learn calls and gmmx does not."""
        super().__init_subclass__()
        warn_about_hooks(cls)

    @classmethod
    def _of(
        cls,
        result: EMResult,
        dtype: np.dtype[Any] | type[np.float64],
        feature_names: NDArray[np.object_] | None = None,
    ) -> Self:
        """Return a fitted model of a result that gmmx itself computed, without checks."""
        n_components, n_features = result.parameters.means.shape
        structure = result.parameters.covariance.name
        parameters: dict[str, Any] = {"n_components": n_components, "covariance_type": structure}
        model = cls(**parameters)
        features = feature_attributes(n_features, feature_names)
        model._replace_fitted_attributes({**features, **fitted_attributes(result, dtype)})
        return model

    @abstractmethod
    def _plan(self, samples: SampleSource) -> FitPlan:
        """Check starting values or prior, and return the plan of a fit to the samples."""

    @abstractmethod
    def _parameters(self) -> MixtureParameters:
        """Return the parameters in float64 from the fitted attributes, which users may set."""

    def fit(self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None) -> Self:
        """Estimate the parameters of the mixture.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples. float32 samples are computed in float32 with moments in float64, all others
            in float64.
        y : object
            Ignored; present for compatibility with scikit-learn.
        sample_weight : array-like of shape (n_samples,), number or None, default=None
            Weights of the samples. A sample of weight 2 counts as two equal samples; a sample of
            weight 0 is left out.

        Returns
        -------
        GaussianMixture
            This estimator, fitted. If the fit fails, the estimator stays unchanged.

        Raises
        ------
        ValueError
            If a parameter or X is invalid, or if a component collapses in every start.
        TypeError
            If X does not hold numbers.

        Warns
        -----
        ConvergenceWarning
            If the best start did not converge, or a component lost all samples or was repaired.
        """
        if type(self).fit_predict is Mixture.fit_predict:
            self._fit(X, sample_weight)
        else:
            self.fit_predict(X, y, *(() if sample_weight is None else (sample_weight,)))
        return self

    def fit_predict(
        self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.int64]:
        """Estimate the parameters of the mixture and return the component of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : object
            Ignored; present for compatibility with scikit-learn.
        sample_weight : array-like of shape (n_samples,), number or None, default=None
            Weights of the samples. A sample of weight 2 counts as two equal samples; a sample of
            weight 0 is left out.

        Returns
        -------
        ndarray of shape (n_samples,)
            The most probable component of each sample, equal to ``fit(X).predict(X)``.
        """
        return self._predicted_of(Predictor.labels, self._fit(X, sample_weight))

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the most probable component of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            Indices of components.
        """
        return self._predicted(Predictor.labels, X)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return the probability of each component for each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            Posterior probabilities; rows sum to 1. In X's precision, float64 if the mixture is
            Bayesian.
        """
        return self._in_output_dtype(self._predicted(Predictor.resp, X))

    def score_samples(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return the log-likelihood of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            log p(x), in nats; -inf below the range of its dtype. In X's precision, float64 if the
            mixture is Bayesian.
        """
        return self._in_output_dtype(self._predicted(Predictor.log_prob, X))

    def score(
        self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the mean log-likelihood per sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : object
            Ignored; present for compatibility with scikit-learn.
        sample_weight : array-like of shape (n_samples,), number or None, default=None
            Weights of the samples. A sample of weight 2 counts as two equal samples; a sample of
            weight 0 is left out.

        Returns
        -------
        float
            Mean of ``score_samples(X)``, in nats, weighted by `sample_weight`.
        """
        total, count = weighted_sum(self.score_samples(X), sample_weight)
        return total / count

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return the log probability of each component for each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            Logarithms of ``predict_proba(X)``, accurate even where a probability rounds to 0.
        """
        return self._estimate_log_prob_resp(X)[1]

    def score_components(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return the log density of each component at each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            log p(x | component), in nats, without the component's weight. If the mixture is
            Bayesian, the expected log density under the posterior.
        """
        kernels, samples = self._kernels(X)
        return self._component_log_prob(kernels, samples, kernels.parameters.component_log_scale)

    def mahalanobis(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return the Mahalanobis distance of each sample from each component's mean.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            sqrt((x - mean)^T precision (x - mean)), in standard deviations.
        """
        kernels, samples = self._kernels(X)
        distances = kernels.mahalanobis(samples, resolve_n_threads(self.n_threads))
        return self._in_output_dtype(distances)

    def outlier_threshold(self, X: ArrayLike, quantile: float = 0.01) -> float:
        """Return the log density below which a given share of the samples lies.

        Rows of new data with a log density below the threshold are outliers::

            threshold = gm.outlier_threshold(X_train, quantile=0.01)
            is_outlier = gm.score_samples(X_new) < threshold

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples of ordinary data, for example the training data.
        quantile : float, default=0.01
            Share of these samples that lies below the threshold, in [0, 1].

        Returns
        -------
        float
            The log density of one of the samples, in nats.

        Raises
        ------
        ValueError
            If `quantile` is not in [0, 1] or X is invalid.
        """
        quantile = check_quantile(quantile)
        # "higher" picks one of the values; interpolation between two of -inf would give NaN.
        return float(np.quantile(self.score_samples(X), quantile, method="higher"))

    def sample(self, n_samples: int = 1) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw samples from the mixture.

        Parameters
        ----------
        n_samples : int, default=1
            Number of samples.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            Samples in float64, grouped by component.
        y : ndarray of shape (n_samples,)
            Component of each sample.
        """
        self._check_is_fitted()
        n_samples = check_sample_count(n_samples)
        return self._sampled_parameters().sample(n_samples, check_random_state(self.random_state))

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

        write_model_file(file, model_file_of(self))

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

        return encode(model_file_of(self))

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

    # Private methods of scikit-learn's mixtures that other packages call.

    def _get_parameters(self) -> tuple[Any, ...]:
        """Return the fitted attributes that determine the mixture."""
        return self.weights_, self.means_, self.covariances_, self.precisions_cholesky_

    def _estimate_log_weights(self) -> Array:
        """Return log weights, (n_components,)."""
        return self._parameters().log_weights

    def _estimate_log_prob(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return log p(x | component), (n_samples, n_components)."""
        return self.score_components(X)

    def _estimate_weighted_log_prob(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return log p(x, component), (n_samples, n_components)."""
        kernels, samples = self._kernels(X)
        return self._component_log_prob(kernels, samples, kernels.parameters.log_scale)

    def _estimate_log_prob_resp(
        self, X: ArrayLike
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Return log p(x), (n_samples,), and log p(component | x), (n_samples, n_components)."""
        kernels, samples = self._kernels(X)
        log_prob = self._in_output_dtype(self._predicted_of(Predictor.log_prob, samples))
        log_resp = self._component_log_prob(kernels, samples, kernels.parameters.log_scale)
        is_known = np.isfinite(log_prob)
        np.subtract(log_resp, log_prob[:, np.newaxis], out=log_resp, where=is_known[:, np.newaxis])
        # Where log densities are -inf, their difference is NaN.
        if not is_known.all():
            log_resp[~is_known] = kernels.far_log_responsibilities(samples[~is_known])
        return log_prob, log_resp

    def _kernels(self, X: ArrayLike) -> tuple[KernelParameters, Samples]:
        """Return the parameters as the kernels take them, and checked new samples."""
        samples = self._check_new_samples(X)
        return KernelParameters(self._parameters()), samples

    def _component_log_prob(
        self, kernels: KernelParameters, samples: Samples, log_scale: Array
    ) -> NDArray[np.floating]:
        """Return `KernelParameters.component_log_prob` of checked samples."""
        n_threads = resolve_n_threads(self.n_threads)
        return self._in_output_dtype(kernels.component_log_prob(samples, log_scale, n_threads))

    def _in_output_dtype(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return values in the dtype of predictions."""
        dtype = self._output_dtype
        return values if dtype is None else values.astype(dtype, copy=False)

    def _predicted(self, output: Output, X: object) -> NDArray[Any]:
        """Return an output for new samples, checked first if the predictor refuses them."""
        result = output(self._predictor(), X, self.n_threads)
        if result is None:
            return self._predicted_of(output, self._check_new_samples(X))
        # The predictor takes plain arrays only, which have no names.
        if "feature_names_in_" in vars(self):
            warn_user(missing_names_message(type(self).__name__))
        return result

    def _predicted_of(self, output: Output, samples: Samples) -> NDArray[Any]:
        """Return an output for checked samples."""
        result = output(self._predictor(), samples, self.n_threads)
        if result is None:
            raise ValueError("X changed while it was read: numbers in it are no longer finite.")
        return result

    def _predictor(self) -> Predictor:
        """Return the parameters packed for the kernels, anew if an attribute has changed."""
        fitted = vars(self)
        kept: tuple[Snapshot, Predictor] | None = getattr(self, "_kept", None)
        if kept is not None and kept[0].matches(fitted):
            return kept[1]
        self._check_is_fitted()
        # Taken before the parameters are read, so that the next call notices a change meanwhile.
        snapshot = Snapshot(fitted, self._predicts_from)
        predictor = KernelParameters(self._parameters()).predictor()
        self._n_features()
        self._kept = snapshot, predictor
        return predictor

    def _n_features(self) -> int:
        """Return the number of features of the means, which users may have set."""
        n_features = int(np.shape(self.means_)[1])
        check_fitted_feature_count(n_features, vars(self).get("n_features_in_", n_features))
        return n_features

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes to pickle or copy."""
        return vars(self).copy()

    def _structure(self) -> type[CovarianceStructure]:
        """Return the covariance structure named by `covariance_type`."""
        return self._structures[self.covariance_type]

    def _sampled_parameters(self) -> MixtureParameters:
        """Return the parameters to draw samples from; `covariances_` suffice, or precisions."""
        fitted = Attributes(self)
        if "covariances_" not in fitted:
            return self._parameters()
        return fitted_distribution(fitted, self._structure())

    def _fit(self, X: ArrayLike, sample_weight: ArrayLike | None = None) -> Samples:
        """Fit, store the result in one step at the end, and return the checked samples."""
        samples, features = self._check_training_samples(X, min_samples=2)
        self._keep(features, partial(self._fitted, samples, sample_weight=sample_weight))
        return samples

    def _keep(
        self, features: FeatureAttributes, fitted: Callable[[], Mapping[str, object]]
    ) -> None:
        """Store the result of a fit in one step at its end."""
        try:
            with collected_warnings() as messages:
                attributes = fitted()
        finally:
            # Warn before storing the result: if a filter makes the warning an error, the model
            # stays unchanged.
            for message in dict.fromkeys(messages):
                warn_convergence(message)
        self._replace_fitted_attributes({**features, **attributes})

    def _fitted(
        self,
        samples: Samples,
        n_threads: int | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Mapping[str, object]:
        """Fit to checked samples and return the fitted attributes.

        `n_threads` is the number of threads of a pass, by default the constructor's parameter.
        """
        samples, weight = check_weighted(samples, sample_weight, 2)
        check_fit(self, self._options, self._structures)
        check_spread(samples)
        n_threads = n_threads or resolve_n_threads(self.n_threads)
        return self._fitted_to(ArraySource(samples, n_threads, weight))

    def _fitted_to(self, samples: SampleSource) -> Mapping[str, object]:
        """Return the fitted attributes: run EM from each start and keep the largest bound."""
        check_component_count(self.n_components, samples.n_samples)
        plan = self._plan(samples)
        warm = self.warm_start and all(hasattr(self, name) for name in self._continues_from)
        if warm:
            starts = [partial(self._last_parameters, samples.n_features)]
        else:
            random_state = check_random_state(self.random_state)
            starts = [partial(plan.start, random_state)] * self.n_init
        lower_bound = self.lower_bound_ if warm and self.max_iter > 0 else -np.inf
        result = best_of(plan, starts, self, lower_bound)
        warn_about(result, self.max_iter)
        return plan.attributes(result)

    def _n_components_left(self) -> int:
        """Return the number of components that a warm start expects."""
        return self.n_components

    def _last_parameters(self, n_features: int) -> MixtureParameters:
        """Return the parameters of the last fit, after checking that a fit may continue them."""
        shape = self._n_components_left(), n_features
        covariance_shape = self._structure().covariance_shape(*shape)
        check_warm_start((self.means_.shape, self.covariances_.shape), (shape, covariance_shape))
        return self._parameters()
