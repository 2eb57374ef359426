"""What all mixtures have in common: fit, prediction and sampling."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Self

import numpy as np

from gmmx.parameter_validation import check_random_state, check_sample_count
from gmmx.parameters import MixtureParameters
from gmmx.portable import Portable
from gmmx.threads import resolve_n_threads

if TYPE_CHECKING:
    from gmmx.arrays import ArrayLike, NDArray, Samples


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
        return self._labels(self._fit(X))

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
        return self._labels(self._check_new_samples(X))

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
        samples = self._check_new_samples(X)
        resp = np.empty((len(samples), len(self.weights_)), dtype=samples.dtype)
        self._parameters().pass_over(samples, resolve_n_threads(self.n_threads), resp=resp)
        return resp

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
        samples = self._check_new_samples(X)
        log_prob = np.empty(len(samples), dtype=samples.dtype)
        self._parameters().pass_over(samples, resolve_n_threads(self.n_threads), log_prob=log_prob)
        return log_prob

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
        return float(self.score_samples(X).mean(dtype=np.float64))

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

    def _labels(self, samples: Samples) -> NDArray[np.int64]:
        """The most probable component of checked samples."""
        labels = np.empty(len(samples), dtype=np.int64)
        self._parameters().pass_over(samples, resolve_n_threads(self.n_threads), labels=labels)
        return labels
