"""What all mixtures have in common: fit, prediction and sampling."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from gmmx._core.prediction import Predictor, Snapshot
from gmmx.parameter_validation import check_random_state, check_sample_count
from gmmx.parameters import MixtureParameters
from gmmx.portable import Portable
from gmmx.validation import check_feature_count

if TYPE_CHECKING:
    from collections.abc import Callable

    from gmmx.arrays import ArrayLike, NDArray, Samples

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
    n_threads: int | None
    random_state: int | np.random.RandomState | None

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

    @abstractmethod
    def _fit(self, X: ArrayLike) -> Samples:
        """Fit, store the result in one step at the end, return the checked samples."""

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
        return self._predicted(Predictor.resp, X)

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
        return self._predicted(Predictor.log_prob, X)

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
