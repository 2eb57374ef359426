"""Base of the mixtures: fit, prediction and sampling."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from gmmx._core.interface.prediction import Predictor, Snapshot
from gmmx._core.interface.threads import resolve_n_threads
from gmmx.checks.constructor import (
    check_component_count,
    check_parameters,
    check_quantile,
    check_sample_count,
)
from gmmx.checks.feature_names import check_feature_count, missing_names_message
from gmmx.checks.parameters import check_algorithm, check_fitted_feature_count, check_warm_start
from gmmx.checks.random_state import check_random_state
from gmmx.checks.samples import check_spread
from gmmx.contract.estimator import Attributes
from gmmx.contract.hooks import warn_about_hooks
from gmmx.em.fit_plan import FitPlan
from gmmx.em.loop import EMResult
from gmmx.em.report import VerboseReport
from gmmx.em.restarts import best_of
from gmmx.estimators.attributes import fitted_attributes, fitted_distribution
from gmmx.estimators.fit_warnings import warn_about
from gmmx.exceptions import collected_warnings, warn_convergence, warn_user
from gmmx.exchange.saving import Portable
from gmmx.model.covariance import CovarianceStructure
from gmmx.model.parameters import MixtureParameters

if TYPE_CHECKING:
    from gmmx.arrays import Array, ArrayLike, NDArray, Samples

    Output = Callable[[Predictor, object, int | None], NDArray[Any] | None]


class Mixture(Portable):
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
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
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
    _output_dtype: ClassVar[type[np.float64] | None] = None  # by default that of the samples

    # Not in the dictionary: what predictions keep is no part of the model's state.
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
    # Those of a fit that a warm start continues; a model without them starts anew.
    _continues_from: ClassVar[tuple[str, ...]] = ("converged_", "covariances_", "lower_bound_")

    _fitted_names = Portable._fitted_names | {
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
        """Return a fitted model of what gmmx itself has found and need not check."""
        n_components, n_features = result.parameters.means.shape
        structure = result.parameters.covariance.name
        parameters: dict[str, Any] = {"n_components": n_components, "covariance_type": structure}
        model = cls(**parameters)
        attributes = {"n_features_in_": n_features, **fitted_attributes(result, dtype)}
        if feature_names is not None:
            attributes["feature_names_in_"] = feature_names
        model._replace_fitted_attributes(attributes)
        return model

    @abstractmethod
    def _plan(self, samples: Samples, n_threads: int) -> FitPlan:
        """Return the plan of a fit to these samples; starting values and prior are checked."""

    @abstractmethod
    def _parameters(self) -> MixtureParameters:
        """Parameters in float64 from the fitted attributes, which users may have set."""

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Estimate the parameters of the mixture.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples. float32 is computed in float32 with moments in float64, all else in float64.
        y : object
            Ignored, present for the interface's sake.

        Returns
        -------
        GaussianMixture
            This estimator, fitted. If the fit fails, it stays what it was.

        Raises
        ------
        ValueError
            If a parameter or X is invalid, or if in every start a component collapses.
        TypeError
            If X holds no numbers.

        Warns
        -----
        ConvergenceWarning
            If the best start did not converge or a component lost all samples.
        """
        if type(self).fit_predict is Mixture.fit_predict:
            self._fit(X)
        else:
            self.fit_predict(X, y)
        return self

    def fit_predict(self, X: ArrayLike, y: object = None) -> NDArray[np.int64]:
        """Estimate the parameters of the mixture and return the samples' components.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : object
            Ignored, present for the interface's sake.

        Returns
        -------
        ndarray of shape (n_samples,)
            The most probable component of each sample, as ``fit(X).predict(X)``.
        """
        return self._predicted_of(Predictor.labels, self._fit(X))

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
        """Return the components' probabilities for each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            Posterior probabilities in X's precision; rows sum to 1.
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
            log p(x), in nats, in X's precision; -inf below its range.
        """
        return self._in_output_dtype(self._predicted(Predictor.log_prob, X))

    def score(self, X: ArrayLike, y: object = None) -> float:
        """Return the mean log-likelihood per sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : object
            Ignored, present for the interface's sake.

        Returns
        -------
        float
            Mean of ``score_samples(X)``, in nats.
        """
        log_prob = self.score_samples(X)
        return float(np.add.reduce(log_prob, dtype=np.float64)) / len(log_prob)

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return the logarithms of the components' probabilities for each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            Logarithms of ``predict_proba(X)``, also of probabilities too small for it.
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
            log p(x | component), in nats, without the components' weights. Of a
            `BayesianGaussianMixture` the expected log density under the posterior.
        """
        samples = self._check_new_samples(X)
        parameters = self._parameters()
        return self._component_log_prob(samples, parameters, parameters.component_log_scale)

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
        samples = self._check_new_samples(X)
        parameters = self._parameters()
        check_feature_count(samples.shape[1], parameters.means.shape[1], type(self).__name__)
        distances = parameters.mahalanobis(samples, resolve_n_threads(self.n_threads))
        return self._in_output_dtype(distances)

    def outlier_threshold(self, X: ArrayLike, quantile: float = 0.01) -> float:
        """Return the log density below which a given share of the samples lies.

        Rows of new data with a log density below the threshold are outliers::

            threshold = gm.outlier_threshold(X_train, quantile=0.01)
            is_outlier = gm.score_samples(X_new) < threshold

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples of ordinary data, for example those of the fit.
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
        # One of the values, since between two of -inf there is none.
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
            Their components.
        """
        self._check_is_fitted()
        n_samples = check_sample_count(n_samples)
        return self._sampled_parameters().sample(n_samples, check_random_state(self.random_state))

    # Methods of scikit-learn's mixtures that other packages call. gmmx does not.

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
        samples = self._check_new_samples(X)
        parameters = self._parameters()
        return self._component_log_prob(samples, parameters, parameters.log_scale)

    def _estimate_log_prob_resp(
        self, X: ArrayLike
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Return log p(x), (n_samples,), and log p(component | x), (n_samples, n_components)."""
        samples = self._check_new_samples(X)
        log_prob = self._in_output_dtype(self._predicted_of(Predictor.log_prob, samples))
        parameters = self._parameters()
        log_resp = self._component_log_prob(samples, parameters, parameters.log_scale)
        is_known = np.isfinite(log_prob)
        np.subtract(log_resp, log_prob[:, np.newaxis], out=log_resp, where=is_known[:, np.newaxis])
        # Where log densities underflow to -inf, their differences are unknown.
        if not is_known.all():
            log_resp[~is_known] = parameters.far_log_responsibilities(samples[~is_known])
        return log_prob, log_resp

    def _component_log_prob(
        self, samples: Samples, parameters: MixtureParameters, log_scale: Array
    ) -> NDArray[np.floating]:
        """`MixtureParameters.component_log_prob` of checked samples."""
        check_feature_count(samples.shape[1], parameters.means.shape[1], type(self).__name__)
        n_threads = resolve_n_threads(self.n_threads)
        return self._in_output_dtype(parameters.component_log_prob(samples, log_scale, n_threads))

    def _in_output_dtype(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Values in the precision that predictions are returned in."""
        dtype = self._output_dtype
        return values if dtype is None else values.astype(dtype, copy=False)

    def _predicted(self, output: Output, X: object) -> NDArray[Any]:
        """An output for new samples; those that the predictor does not take are checked."""
        result = output(self._predictor(), X, self.n_threads)
        if result is None:
            return self._predicted_of(output, self._check_new_samples(X))
        # The predictor takes plain arrays only, which have no names.
        if "feature_names_in_" in vars(self):
            warn_user(missing_names_message(type(self).__name__))
        return result

    def _predicted_of(self, output: Output, samples: Samples) -> NDArray[Any]:
        """An output for checked samples."""
        predictor = self._predictor()
        check_feature_count(samples.shape[1], predictor.n_features, type(self).__name__)
        result = output(predictor, samples, self.n_threads)
        if result is None:
            raise ValueError("X changed while it was read: numbers in it are no longer finite.")
        return result

    def _predictor(self) -> Predictor:
        """The parameters packed for the kernels, again if an attribute has changed."""
        fitted = vars(self)
        kept: tuple[Snapshot, Predictor] | None = getattr(self, "_kept", None)
        if kept is not None and kept[0].matches(fitted):
            return kept[1]
        self._check_is_fitted()
        # Before the parameters are read, so that a change in between is seen later.
        snapshot = Snapshot(fitted, self._predicts_from)
        predictor = self._parameters().predictor()
        n_features = fitted.get("n_features_in_", predictor.n_features)
        check_fitted_feature_count(predictor.n_features, n_features)
        self._kept = snapshot, predictor
        return predictor

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes, as they are pickled and copied."""
        return vars(self).copy()

    def _structure(self) -> type[CovarianceStructure]:
        """Covariance structure by its name."""
        return self._structures[self.covariance_type]

    def _sampled_parameters(self) -> MixtureParameters:
        """Parameters to draw samples from, which need no precisions where there are covariances."""
        fitted = Attributes(self)
        if "covariances_" not in fitted:
            return self._parameters()
        return fitted_distribution(fitted, self._structure())

    def _fit(self, X: ArrayLike) -> Samples:
        """Fit, store the result in one step at the end, return the checked samples."""
        samples, features = self._check_training_samples(X, min_samples=2)
        try:
            with collected_warnings() as messages:
                attributes = self._fitted(samples)
        finally:
            # First, since a filter may turn warnings into errors: then the model stays as it was.
            for message in dict.fromkeys(messages):
                warn_convergence(message)
        self._replace_fitted_attributes({**features, **attributes})
        return samples

    def _fitted(self, samples: Samples, n_threads: int | None = None) -> dict[str, Any]:
        """Attributes of a model fitted to checked samples.

        `n_threads` are the threads of a pass, by default those of the constructor's parameter.
        """
        check_parameters(self.get_params(), type(self).__name__, self._options)
        check_component_count(self.n_components, len(samples))
        check_spread(samples)
        check_algorithm(self.algorithm, self._structure())
        plan = self._plan(samples, n_threads or resolve_n_threads(self.n_threads))
        result = self._best_result(plan, samples)
        warn_about(result, self.max_iter)
        return plan.attributes(result)

    def _best_result(self, plan: FitPlan, samples: Samples) -> EMResult:
        """Run EM from each start and return the result with the largest bound."""
        warm = self.warm_start and all(hasattr(self, name) for name in self._continues_from)
        if warm:
            starts = [lambda: self._last_parameters(samples)]
        else:
            random_state = check_random_state(self.random_state)
            starts = [lambda: plan.start(random_state)] * self.n_init
        return best_of(
            plan,
            starts,
            tol=self.tol,
            max_iter=self.max_iter,
            lower_bound=self.lower_bound_ if warm and self.max_iter > 0 else -np.inf,
            report=VerboseReport(self.verbose, self.verbose_interval),
            callback=self.callback,
        )

    def _n_components_left(self) -> int:
        """Components of the last fit."""
        return self.n_components

    def _last_parameters(self, samples: Samples) -> MixtureParameters:
        """Parameters to continue from, if they fit the samples and the constructor's values."""
        shape = self._n_components_left(), samples.shape[1]
        covariance_shape = self._structure().covariance_shape(*shape)
        check_warm_start((self.means_.shape, self.covariances_.shape), (shape, covariance_shape))
        return self._parameters()
