"""The parts of `Mixture.partial_fit`: the first rows of a stream, and a step with a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gmmx._core.interface.threads import resolve_n_threads
from gmmx.checks.feature_names import check_feature_count, check_feature_names
from gmmx.checks.parameters import check_name_for_features
from gmmx.checks.samples import check_spread
from gmmx.checks.weights import check_weighted, numbers_of_kept
from gmmx.em.fit_warnings import warn_about_components
from gmmx.em.stepwise import StepSize, step_of_stream
from gmmx.exceptions import not_fitted_error
from gmmx.samples.array_source import ArraySource

if TYPE_CHECKING:
    from gmmx.arrays import Array, ArrayLike, FloatArray, Samples
    from gmmx.contract.estimator import FeatureAttributes
    from gmmx.em.stepwise import StreamPlan
    from gmmx.model.parameters import MixtureParameters

# Numbers for each free parameter: in the first rows of a stream, so that the start does not follow
# their noise, and in the fewest rows that the statistics of a stream may stand for.
FIRST_NUMBERS, FEWEST_NUMBERS = 40, 10


class Streamed(Protocol):
    """The members of a mixture that a step of a stream reads."""

    covariance_type: str
    n_threads: int | None
    learning_offset: float
    learning_decay: float
    forget_factor: float | None
    n_features_in_: int

    def _check_training_samples(
        self, X: object, *, min_samples: int
    ) -> tuple[FloatArray, FeatureAttributes]: ...

    def _features(self) -> FeatureAttributes: ...

    def _last_parameters(self, n_features: int) -> MixtureParameters: ...

    def _stream_plan(self, parameters: MixtureParameters, dtype: np.dtype[Any]) -> StreamPlan: ...

    def _n_rows(self, numbers: int, n_features: int) -> int: ...


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


def rows_until(
    model: Streamed, X: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[FirstRows, FeatureAttributes]:
    """Return the rows of the batches up to and with this batch, and their features.

    Parameters
    ----------
    model : Streamed
        The mixture, which keeps the rows of the batches before.
    X : array-like of shape (n_samples, n_features)
        The batch.
    sample_weight : array-like of shape (n_samples,), number or None
        Weights of its samples.
    """
    kept, name = vars(model).get("_first_rows"), type(model).__name__
    if kept is not None:
        check_feature_names(X, vars(model).get("feature_names_in_"), name)
    samples, features = model._check_training_samples(X, min_samples=1)
    check_name_for_features(model.covariance_type, samples.shape[1])
    rows = FirstRows(*check_weighted(samples, sample_weight, 1))
    if kept is None:
        # The user may write the next batch into the same array.
        rows = FirstRows(rows.samples.copy(), rows.weight)
    else:
        check_feature_count(samples.shape[1], model.n_features_in_, name)
        rows, features = kept.followed_by(rows), model._features()
    check_spread(rows.samples)
    return rows, features


def after_step(
    model: Streamed, samples: Samples, sample_weight: ArrayLike | None
) -> Mapping[str, object]:
    """Return the fitted attributes after a step with one batch.

    Parameters
    ----------
    model : Streamed
        The mixture before the step.
    samples : ndarray of shape (n_samples, n_features)
        The checked samples of the batch.
    sample_weight : array-like of shape (n_samples,), number or None
        Their weights.
    """
    check_spread(samples)
    kept, weight = check_weighted(samples, sample_weight, 1)
    numbers = numbers_of_kept(sample_weight, len(samples), len(kept))
    batch = ArraySource(kept, resolve_n_threads(model.n_threads), weight, numbers)
    parameters = model._last_parameters(batch.n_features)
    plan = model._stream_plan(parameters, batch.dtype)
    step_size = StepSize(
        model.learning_offset, model.learning_decay, model.forget_factor,
        model._n_rows(FEWEST_NUMBERS, batch.n_features),
    )  # fmt: skip
    result, n_seen = step_of_stream(parameters, plan, batch, step_size)
    warn_about_components(result)
    n_iter = vars(model).get("n_iter_", 0) + 1
    return {**plan.attributes(result._replace(n_iter=n_iter)), "n_samples_seen_": n_seen}


def too_few_rows_error(estimator_name: str, n_rows: int, n_needed: int) -> Exception:
    """Return the NotFittedError of a stream whose first rows are too few for a fit."""
    return not_fitted_error(
        estimator_name,
        f"partial_fit has {n_rows} of the {n_needed} rows that the first fit of a stream "
        "needs. Call 'partial_fit' with more rows, or 'fit'.",
    )
