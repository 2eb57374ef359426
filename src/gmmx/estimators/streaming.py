"""Mixtures that learn from a stream of batches."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from gmmx._core.interface.threads import resolve_n_threads
from gmmx.checks.constructor import check_parameters
from gmmx.checks.feature_names import check_feature_count, check_feature_names
from gmmx.checks.samples import check_spread
from gmmx.checks.weights import check_weighted, numbers_of_kept
from gmmx.contract.estimator import FeatureAttributes
from gmmx.em.fit_warnings import warn_about_components
from gmmx.estimators.base import Mixture
from gmmx.exceptions import not_fitted_error
from gmmx.model.parameters import MixtureParameters
from gmmx.samples.array_source import ArraySource

if TYPE_CHECKING:
    from gmmx.arrays import Array, ArrayLike, Samples
    from gmmx.em.stepwise import StreamPlan

# Numbers for each free parameter: in the first rows of a stream, so that the start does not follow
# their noise, and in the fewest rows that the statistics of a stream may stand for.
FIRST_NUMBERS, FEWEST_NUMBERS = 40, 10


class FirstRows:
    """The first rows of a stream, kept until there are enough for a fit.

    Parameters
    ----------
    samples : ndarray of shape (n_rows, n_features)
        Rows of positive weight.
    weight : ndarray of shape (n_rows,) or None
        Their weights.
    """

    def __init__(self, samples: Samples, weight: Array | None) -> None:
        self.samples = samples
        self.weight = weight

    def followed_by(self, other: FirstRows) -> FirstRows:
        """Return both sets of rows; rows without weights have weight 1."""
        weight = None
        if self.weight is not None or other.weight is not None:
            weight = np.concatenate(
                [
                    np.ones(len(rows.samples)) if rows.weight is None else rows.weight
                    for rows in (self, other)
                ]
            )
        return FirstRows(np.concatenate([self.samples, other.samples]), weight)


class StreamedMixture(Mixture):
    """A mixture that `fit` fits to all samples at once, and `partial_fit` to one batch at a time.

    Its parameters are the sufficient statistics of the stream so far, so that a model that is
    saved, pickled or copied continues the stream.
    """

    learning_offset: float
    learning_decay: float
    forget_factor: float | None
    _first_rows: FirstRows

    _fitted_names = Mixture._fitted_names | {"_first_rows"}

    @abstractmethod
    def _stream_plan(self, parameters: MixtureParameters, dtype: np.dtype[Any]) -> StreamPlan:
        """Return the plan of a step from `parameters`, which are those of the fitted attributes."""

    def partial_fit(
        self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Update the mixture with one batch of a stream.

        The first batches are kept until they have 40 numbers for each free parameter of the
        mixture, that is ``40 * n_parameters / n_features`` rows; until then the mixture is not
        fitted. These rows are fitted as in `fit`. From then on each batch is one step of stepwise
        EM, in constant memory. A mixture that `fit` has fitted goes on from there.

        After a step `n_iter_` is larger by 1, and `converged_` is False. `lower_bound_` is the
        bound of the weighted statistics: in `GaussianMixture` the weighted mean of the batches'
        mean log-likelihoods, each before the step with this batch. `lower_bounds_` holds no other
        bound. The arrays are in float64.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            A batch of samples. One row is enough; larger batches take less time per row.
        y : object
            Ignored; present for compatibility with scikit-learn.
        sample_weight : array-like of shape (n_samples,), number or None, default=None
            Weights of the samples. A sample of weight 2 counts as two equal samples; a sample of
            weight 0 is left out.

        Returns
        -------
        GaussianMixture
            This estimator. If the step fails, it stays unchanged.

        Raises
        ------
        ValueError
            If a parameter or X is invalid, if X has other features than the batches before, if
            parameters of the estimator were changed to another shape of mixture, or if a component
            collapses.
        TypeError
            If X does not hold numbers.

        Warns
        -----
        ConvergenceWarning
            If the fit of the first rows did not converge, or a component lost all samples or was
            repaired.

        References
        ----------
        Cappe, Moulines (2009), "On-line expectation-maximization algorithm for latent data
        models", Journal of the Royal Statistical Society B 71.

        Examples
        --------
        >>> import numpy as np
        >>> from gmmx import GaussianMixture
        >>> rng = np.random.default_rng(0)
        >>> gm = GaussianMixture(2, random_state=0)
        >>> for _ in range(100):
        ...     batch = rng.normal(2, 1, (200, 1)) + 8 * rng.integers(2, size=(200, 1))
        ...     gm = gm.partial_fit(batch)
        >>> np.sort(gm.means_.ravel()).round(1).tolist(), gm.n_samples_seen_
        ([2.0, 10.0], 20000.0)
        """
        check_parameters(self.get_params(), type(self).__name__, self._options)
        if self.__sklearn_is_fitted__():
            samples = self._check_new_samples(X)
            self._store_fit(self._features(), partial(self._after_step, samples, sample_weight))
            return self
        rows, features = self._rows_until(X, sample_weight)
        if len(rows.samples) < self._n_rows(FIRST_NUMBERS, rows.samples.shape[1]):
            self._replace_fitted_attributes({**features, "_first_rows": rows})
        else:
            fitted = partial(self._fitted, rows.samples, sample_weight=rows.weight)
            self._store_fit(features, fitted)
        return self

    def _rows_until(
        self, X: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[FirstRows, FeatureAttributes]:
        """Return the rows of the batches up to and with this batch, and their features."""
        kept, name = vars(self).get("_first_rows"), type(self).__name__
        if kept is not None:
            check_feature_names(X, vars(self).get("feature_names_in_"), name)
        samples, features = self._check_training_samples(X, min_samples=1)
        samples_kept, weight = check_weighted(samples, sample_weight, 1)
        # The user may write the next batch into the same array.
        rows = FirstRows(samples_kept.copy(), weight)
        if kept is not None:
            check_feature_count(samples.shape[1], self.n_features_in_, name)
            rows, features = kept.followed_by(rows), self._features()
        check_spread(rows.samples)
        return rows, features

    def _n_rows(self, numbers: int, n_features: int) -> int:
        """Return the number of rows with so many numbers for each free parameter."""
        n_parameters = self._structure().n_free_parameters(self.n_components, n_features)
        return max(2, self.n_components, math.ceil(numbers * n_parameters / n_features))

    def _after_step(
        self, samples: Samples, sample_weight: ArrayLike | None
    ) -> Mapping[str, object]:
        """Return the fitted attributes after a step with one batch."""
        from gmmx.em.stepwise import StepSize, step_of_stream  # noqa: PLC0415 - few need it

        check_spread(samples)
        kept, weight = check_weighted(samples, sample_weight, 1)
        numbers = numbers_of_kept(sample_weight, len(samples), len(kept))
        batch = ArraySource(kept, resolve_n_threads(self.n_threads), weight, numbers)
        parameters = self._last_parameters(batch.n_features)
        plan = self._stream_plan(parameters, batch.dtype)
        step_size = StepSize(
            self.learning_offset, self.learning_decay, self.forget_factor,
            self._n_rows(FEWEST_NUMBERS, batch.n_features),
        )  # fmt: skip
        result, n_seen = step_of_stream(parameters, plan, batch, step_size)
        warn_about_components(result)
        result = result._replace(n_iter=vars(self).get("n_iter_", 0) + 1)
        return {**plan.attributes(result), "n_samples_seen_": n_seen}

    def _features(self) -> FeatureAttributes:
        """Return the fitted attributes that describe the features."""
        fitted = vars(self)
        names = FeatureAttributes.__annotations__
        return cast("FeatureAttributes", {name: fitted[name] for name in names if name in fitted})

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether fitted attributes exist that describe more than the features."""
        return "_first_rows" not in vars(self) and super().__sklearn_is_fitted__()

    def _check_is_fitted(self) -> None:
        """Raise NotFittedError before there are parameters, with the number of rows lacking."""
        kept = vars(self).get("_first_rows")
        if kept is None:
            super()._check_is_fitted()
        else:
            n_rows, n_features = kept.samples.shape
            n_needed = self._n_rows(FIRST_NUMBERS, n_features)
            raise not_fitted_error(
                type(self).__name__,
                f"partial_fit has {n_rows} of the {n_needed} rows that the first fit of a stream "
                "needs. Call 'partial_fit' with more rows, or 'fit'.",
            )
