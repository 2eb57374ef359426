"""Predictions of a fitted mixture, samples from it, and its information criteria."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from gmmx._core.interface.prediction import Predictor, Snapshot
from gmmx._core.interface.threads import resolve_n_threads
from gmmx.checks.constructor import check_quantile, check_sample_count
from gmmx.checks.feature_names import missing_names_message
from gmmx.checks.fitted import check_fitted_feature_count, check_fitted_shapes
from gmmx.checks.random_state import check_random_state
from gmmx.checks.weights import check_sample_weight, weighted_sum
from gmmx.contract.estimator import Attributes, Estimator
from gmmx.estimators.attributes import fitted_distribution, fitted_means_and_covariance
from gmmx.exceptions import warn_user
from gmmx.model import criteria
from gmmx.model.covariance import CovarianceStructure
from gmmx.model.parameters import MixtureParameters
from gmmx.samples.kernel_parameters import KernelParameters

if TYPE_CHECKING:
    from gmmx.arrays import Array, ArrayLike, NDArray, Samples

    Output = Callable[[Predictor, object, int | None], NDArray[Any] | None]


class Predictions(Estimator):
    """A fitted mixture that predicts components and densities, and draws samples."""

    weights_: NDArray[np.floating]
    means_: NDArray[np.floating]
    covariances_: NDArray[np.floating]
    precisions_cholesky_: NDArray[np.floating]
    n_threads: int | None
    random_state: int | np.random.RandomState | None
    equal_weights: bool = False  # a parameter of `GaussianMixture`

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

    @abstractmethod
    def _structure(self) -> type[CovarianceStructure]:
        """Return the covariance structure of the fitted mixture."""

    @abstractmethod
    def _parameters(self) -> MixtureParameters:
        """Return the parameters in float64 from the fitted attributes, which users may set."""

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

    def iter_predict(self, X: object) -> Iterator[NDArray[np.int64]]:
        """Yield the most probable component of each sample, block by block.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or samples in blocks
            Samples: an array, or files, tables and iterables as `fit` takes them.

        Yields
        ------
        ndarray of shape (n_rows,)
            Indices of components of the next rows.
        """
        return self._iter(Predictor.labels, X)

    def iter_predict_proba(self, X: object) -> Iterator[NDArray[np.floating]]:
        """Yield the probability of each component for each sample, block by block.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or samples in blocks
            Samples: an array, or files, tables and iterables as `fit` takes them.

        Yields
        ------
        ndarray of shape (n_rows, n_components)
            Posterior probabilities of the next rows, as `predict_proba` returns them.
        """
        return map(self._in_output_dtype, self._iter(Predictor.resp, X))

    def iter_score_samples(self, X: object) -> Iterator[NDArray[np.floating]]:
        """Yield the log-likelihood of each sample, block by block.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or samples in blocks
            Samples: an array, or files, tables and iterables as `fit` takes them.

        Yields
        ------
        ndarray of shape (n_rows,)
            log p(x) of the next rows, in nats, as `score_samples` returns them.
        """
        return map(self._in_output_dtype, self._iter(Predictor.log_prob, X))

    def score(self, X: object, y: object = None, sample_weight: ArrayLike | None = None) -> float:
        """Return the mean log-likelihood per sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or samples in blocks
            Samples: an array, or files, tables and iterables as `fit` takes them.
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
        total, count = self._log_likelihood_of(X, sample_weight)
        return total / count

    def _log_likelihood_of(self, X: object, sample_weight: ArrayLike | None) -> tuple[float, float]:
        """Return the log-likelihood of the samples, and the sum of their weights."""
        of_block = partial(self._predicted_of, Predictor.log_prob)
        return self._summed(X, sample_weight, self.score_samples, of_block)

    def _summed(
        self,
        X: object,
        sample_weight: ArrayLike | None,
        of_array: Callable[[ArrayLike], NDArray[np.floating]],
        of_block: Callable[[Samples], NDArray[np.floating]],
    ) -> tuple[float, float]:
        """Return the weighted sum of a value of each sample, and the sum of the weights.

        `of_array` returns the values of any array, `of_block` those of a checked block.
        """
        blocks = None
        if type(X) is not np.ndarray:
            from gmmx.blocks.recognition import blocks_of  # noqa: PLC0415 - arrays do without

            blocks = blocks_of(X, is_read_once=True)
        if blocks is None:
            return weighted_sum(of_array(cast("ArrayLike", X)), sample_weight)
        from gmmx.blocks.fitting import sum_over_blocks  # noqa: PLC0415 - few need it

        return sum_over_blocks(self, blocks, sample_weight, of_block)

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

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes to pickle or copy."""
        return vars(self).copy()

    def _result_html(self) -> str:
        """Return the end of the fit and a table of the components in HTML.

        It is an empty string before a fit, or if attributes that were set by hand do not agree.
        """
        from gmmx.contract import components  # noqa: PLC0415 - notebooks need it
        from gmmx.estimators.component_covariances import component_deviations  # noqa: PLC0415

        fitted = Attributes(self)
        try:
            structure = self._structure()
            check_fitted_shapes(structure.name, fitted)
            deviations, end = component_deviations(self), components.end_of_fit_html(fitted)
        except (AttributeError, LookupError, TypeError, ValueError):
            return ""
        weights, means = np.asarray(fitted["weights_"]), np.asarray(fitted["means_"])
        caption = (
            f"{type(self).__name__}, n_components={len(means)}, covariance_type={structure.name!r}"
        )
        names = components.shown_names(means.shape[1], fitted.get("feature_names_in_"))
        table = components.component_table(caption, weights, means, deviations, names)
        return end + table.html()

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

    def _iter(self, output: Output, X: object) -> Iterator[NDArray[Any]]:
        """Yield an output for each block of the samples."""
        from gmmx.blocks.fitting import predicted_blocks  # noqa: PLC0415 - few need it

        return predicted_blocks(self, X, partial(self._predicted_of, output))

    def _predicted_of(self, output: Output, samples: Samples) -> NDArray[Any]:
        """Return an output for checked samples."""
        result = output(self._predictor(), samples, self.n_threads)
        if result is None:
            raise ValueError("X changed while it was read: numbers in it are no longer finite.")
        return result

    def _completed(self, samples: Samples) -> NDArray[np.float64]:
        """Return log p(x, k) of checked samples, with the most probable component k of each."""
        log_prob = self._predicted_of(Predictor.log_prob, samples).astype(np.float64)
        largest = self._predicted_of(Predictor.resp, samples).max(axis=1).astype(np.float64)
        return np.asarray(log_prob + np.log(largest))

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

    def _sampled_parameters(self) -> MixtureParameters:
        """Return the parameters to draw samples from; `covariances_` suffice, or precisions."""
        fitted = Attributes(self)
        if "covariances_" not in fitted:
            return self._parameters()
        return fitted_distribution(fitted, self._structure())


class InformationCriteria(Predictions):
    """A fitted mixture of maximum likelihood, whose parameters are points, and its criteria."""

    def aic(self, X: object, sample_weight: ArrayLike | None = None) -> float:
        """Return Akaike's information criterion on X; smaller is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or samples in blocks
            Samples: an array, or files, tables and iterables as `fit` takes them.
        sample_weight : array-like of shape (n_samples,), number or None, default=None
            Weights of the samples. A sample of weight 2 counts as two equal samples; a sample of
            weight 0 is left out.

        Returns
        -------
        float
            -2 log-likelihood + 2 number of parameters.

        References
        ----------
        Akaike (1974), "A new look at the statistical model identification".
        """
        return criteria.aic(self._log_likelihood(X, sample_weight)[0], self._n_parameters())

    def bic(self, X: object, sample_weight: ArrayLike | None = None) -> float:
        """Return the Bayesian information criterion on X; smaller is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or samples in blocks
            Samples: an array, or files, tables and iterables as `fit` takes them.
        sample_weight : array-like of shape (n_samples,), number or None, default=None
            Weights of the samples. A sample of weight 2 counts as two equal samples; a sample of
            weight 0 is left out.

        Returns
        -------
        float
            -2 log-likelihood + log(n) number of parameters, n being the number of samples or the
            sum of their weights.

        References
        ----------
        Schwarz (1978), "Estimating the dimension of a model".
        """
        log_likelihood, n_samples = self._log_likelihood(X, sample_weight)
        return criteria.bic(log_likelihood, self._n_parameters(), n_samples)

    def icl(self, X: object, sample_weight: ArrayLike | None = None) -> float:
        """Return the integrated completed likelihood criterion on X; smaller is better.

        It prefers mixtures whose components hardly overlap, since each sample adds the uncertainty
        of its component.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or samples in blocks
            Samples: an array, or files, tables and iterables as `fit` takes them.
        sample_weight : array-like of shape (n_samples,), number or None, default=None
            Weights of the samples. A sample of weight 2 counts as two equal samples; a sample of
            weight 0 is left out.

        Returns
        -------
        float
            ``bic(X)`` - 2 sum_i log max_k p(k | x_i), the definition of R's package mclust, whose
            sign is the opposite.

        References
        ----------
        Biernacki, Celeux, Govaert (2000), "Assessing a mixture model for clustering with the
        integrated completed likelihood".
        """
        log_likelihood, n_samples = self._summed(
            X, sample_weight, lambda X: self._completed(self._check_new_samples(X)), self._completed
        )
        return criteria.bic(log_likelihood, self._n_parameters(), n_samples)

    def _n_parameters(self) -> int:
        """Return the number of free parameters."""
        n_components, n_features = map(int, self.means_.shape)
        return self._structure().n_free_parameters(
            n_components, n_features, equal_weights=self.equal_weights
        )

    def _log_likelihood(self, X: object, sample_weight: ArrayLike | None) -> tuple[float, float]:
        """Return the log-likelihood of the samples, and the sum of their weights."""
        if type(self).score is Predictions.score:
            return self._log_likelihood_of(X, sample_weight)
        n_samples = np.shape(cast("ArrayLike", X))[0]
        weight = check_sample_weight(sample_weight, n_samples)
        if weight is None:
            return self.score(X) * n_samples, n_samples
        total = float(weight.sum())
        return self.score(X, sample_weight=weight) * total, total

    def _parameters(self) -> MixtureParameters:
        """Return the parameters in float64 from the fitted attributes, which users may set."""
        # A fit in another thread replaces the dictionary, so all are read from one copy.
        fitted = Attributes(self)
        weights = np.ascontiguousarray(fitted["weights_"], dtype=np.float64)
        return MixtureParameters(weights, *fitted_means_and_covariance(fitted, self._structure()))
