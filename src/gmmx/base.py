"""What all mixtures have in common: fit, prediction and sampling."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from gmmx._core.prediction import Predictor, Snapshot
from gmmx.covariance import CovarianceStructure
from gmmx.em import EMResult, ExpectationMaximization
from gmmx.fitting import best_of, fitted_attributes, warn_about
from gmmx.matrix_validation import check_fitted_matrices
from gmmx.parameter_validation import (
    check_component_count,
    check_parameters,
    check_random_state,
    check_sample_count,
)
from gmmx.parameters import MixtureParameters
from gmmx.portable import Portable
from gmmx.threads import resolve_n_threads
from gmmx.validation import check_feature_count, check_spread
from gmmx.verbose import VerboseReport

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
    lower_bound_: float
    lower_bounds_: list[float]
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    n_components: int
    covariance_type: str
    tol: float
    reg_covar: float
    max_iter: int
    n_init: int
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

    @abstractmethod
    def _steps(self, samples: Samples, n_threads: int) -> ExpectationMaximization:
        """The steps of the algorithm on these samples."""

    @abstractmethod
    def _start(
        self, steps: ExpectationMaximization, samples: Samples
    ) -> Callable[[np.random.RandomState], MixtureParameters]:
        """What finds starting values, from a random state."""

    @abstractmethod
    def _loop_options(self, steps: ExpectationMaximization) -> dict[str, Any]:
        """Options of `best_of`: the algorithm, when it ends, what it does about collapses."""

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
        self._fit(X)
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
        resp = self._predicted(Predictor.resp, X)
        return resp if self._output_dtype is None else resp.astype(self._output_dtype, copy=False)

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
        log_prob = self._predicted(Predictor.log_prob, X)
        dtype = self._output_dtype
        return log_prob if dtype is None else log_prob.astype(dtype, copy=False)

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
        log_prob = self._predicted(Predictor.log_prob, X)
        return float(np.add.reduce(log_prob, dtype=np.float64)) / len(log_prob)

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
        return self._parameters().sample(n_samples, check_random_state(self.random_state))

    def _predicted(self, output: Output, X: object) -> NDArray[Any]:
        """An output for new samples; those that the predictor does not take are checked."""
        predictor = self._predictor()
        result = None
        if "feature_names_in_" not in vars(self):
            result = output(predictor, X, self.n_threads)
        if result is None:
            result = self._predicted_of(output, self._check_new_samples(X, stacklevel=5))
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
        if n_features != predictor.n_features:
            raise ValueError(
                f"means_ holds {predictor.n_features} features, but n_features_in_ is "
                f"{n_features}. Set attributes that belong together."
            )
        self._kept = snapshot, predictor
        return predictor

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes, as they are pickled and copied."""
        return vars(self).copy()

    def _structure(self) -> type[CovarianceStructure]:
        """Covariance structure by its name."""
        return self._structures[self.covariance_type]

    def _means_and_covariance(self, fitted: Mapping[str, Any]) -> tuple[Array, CovarianceStructure]:
        """Means and covariances in float64; precisions stand for covariances left out."""
        means, factors = (
            np.ascontiguousarray(fitted[name], dtype=np.float64)
            for name in ("means_", "precisions_cholesky_")
        )
        factors = factors.reshape(np.shape(fitted["precisions_cholesky_"]))
        structure = self._structure()
        check_fitted_matrices(fitted, structure, structure.covariance_shape(*means.shape))
        if "covariances_" not in fitted:
            unknown = structure(factors, factors, *means.shape)
            return means, structure.from_precisions(unknown.precisions(), *means.shape)
        covariances = np.asarray(fitted["covariances_"], dtype=np.float64)
        return means, structure(covariances, factors, *means.shape)

    def _fit(self, X: ArrayLike) -> Samples:
        """Fit, store the result in one step at the end, return the checked samples."""
        samples, features = self._check_training_samples(X, min_samples=2)
        result, attributes = self._fitted(samples)
        # First, since a filter may turn warnings into errors: then the model stays what it was.
        warn_about(result, self.max_iter)
        self._replace_fitted_attributes({**features, **attributes})
        return samples

    def _fitted(self, samples: Samples) -> tuple[EMResult, dict[str, Any]]:
        """What EM finds for checked samples, and the attributes of a model fitted to them."""
        check_parameters(self.get_params(), type(self).__name__, self._options)
        check_component_count(self.n_components, len(samples))
        check_spread(samples)
        steps = self._steps(samples, resolve_n_threads(self.n_threads))
        result = self._best_result(steps, samples)
        return result, self._attributes_of(result, steps)

    def _attributes_of(self, result: EMResult, steps: ExpectationMaximization) -> dict[str, Any]:
        """Fitted attributes of a result, in the samples' precision."""
        return fitted_attributes(result, steps.X.dtype)

    def _best_result(self, steps: ExpectationMaximization, samples: Samples) -> EMResult:
        """EM from each start; the result with the largest bound."""
        start = self._start(steps, samples)
        warm = self.warm_start and all(hasattr(self, name) for name in self._continues_from)
        if warm:
            starts = [lambda: self._last_parameters(samples)]
        else:
            random_state = check_random_state(self.random_state)
            starts = [lambda: start(random_state)] * self.n_init
        return best_of(
            starts,
            steps,
            tol=self.tol,
            max_iter=self.max_iter,
            lower_bound=self.lower_bound_ if warm and self.max_iter > 0 else -np.inf,
            report=VerboseReport(self.verbose, self.verbose_interval),
            callback=self.callback,
            **self._loop_options(steps),
        )

    def _n_components_left(self) -> int:
        """Components of the last fit."""
        return self.n_components

    def _last_parameters(self, samples: Samples) -> MixtureParameters:
        """Parameters to continue from, if they fit the samples and the constructor's values."""
        shape = self._n_components_left(), samples.shape[1]
        covariance_shape = self._structure().covariance_shape(*shape)
        if self.means_.shape != shape or self.covariances_.shape != covariance_shape:
            raise ValueError(
                f"warm_start continues from means {self.means_.shape} and covariances "
                f"{self.covariances_.shape}, but n_components, covariance_type and X ask for "
                f"{shape} and {covariance_shape}. Set warm_start=False to start anew."
            )
        return self._parameters()
