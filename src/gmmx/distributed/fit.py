"""The fit of a mixture to the partitions of an engine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from gmmx._core.interface.threads import resolve_n_threads
from gmmx.checks.fit import check_fit
from gmmx.checks.samples import check_spread_of_range
from gmmx.checks.weights import check_total_weight
from gmmx.contract.estimator import feature_attributes
from gmmx.estimators.base import Mixture
from gmmx.samples.partitions import Engine, PartitionSource, PartitionSummary, summaries_of

FEWEST_SAMPLES = 2


def fit_to_partitions(model: Mixture, engine: Engine) -> None:
    """Fit a mixture to the partitions of an engine.

    Parameters
    ----------
    model : Mixture
        The mixture. If the fit fails, it stays unchanged.
    engine : Engine
        Holds the partitions.

    Raises
    ------
    ValueError
        If the rows of a partition cannot be used, if partitions do not have the same columns and
        dtype, or for the reasons of `Mixture.fit`. The message names the partition.
    TypeError
        If a partition does not hold numbers.
    """
    check_fit(model, model._options, model._structures)
    summaries = summaries_of(engine)
    _check_summaries(summaries, type(model).__name__)
    occupied = [summary for summary in summaries if summary.n_samples]
    source = PartitionSource(engine, summaries, resolve_n_threads(model.n_threads))
    names = occupied[0].names
    features = feature_attributes(
        source.n_features, None if names is None else np.array(names, dtype=object)
    )
    model._store_fit(features, partial(model._fitted_to, source))


def _check_summaries(summaries: Sequence[PartitionSummary], estimator_name: str) -> None:
    """Raise if a mixture cannot be fitted to the partitions of these summaries."""
    for summary in summaries:
        if summary.error is not None:
            raise summary.error
    n_samples = sum(summary.n_samples for summary in summaries)
    if n_samples < FEWEST_SAMPLES:
        raise ValueError(
            f"Found {n_samples} sample(s) in {len(summaries)} partition(s) while a minimum of "
            f"{FEWEST_SAMPLES} is required by {estimator_name}. Samples of weight 0 do not count."
        )
    occupied = [summary for summary in summaries if summary.n_samples]
    for summary in occupied[1:]:
        _check_same_columns(occupied[0], summary)
    if occupied[0].is_weighted:
        with np.errstate(over="ignore"):
            check_total_weight(float(np.sum([summary.total_weight for summary in occupied])))
    smallest = np.min([summary.smallest for summary in occupied], axis=0)
    largest = np.max([summary.largest for summary in occupied], axis=0)
    check_spread_of_range(smallest, largest, n_samples)


def _check_same_columns(first: PartitionSummary, other: PartitionSummary) -> None:
    """Raise ValueError if the columns of two partitions differ."""
    for found, expected, what in (
        (other.n_features, first.n_features, "features"),
        (other.names, first.names, "columns"),
        (other.dtype, first.dtype, "values"),
    ):
        if found != expected:
            raise ValueError(
                f"Partition {other.number} has {_shown(found)} {what}, partition {first.number} "
                f"has {_shown(expected)} {what}: all partitions need the same columns, in the same "
                "order, and the same dtype."
            )


def _shown(value: object) -> str:
    """Return a number, a dtype or names as a message shows them."""
    return ", ".join(map(repr, value)) if isinstance(value, tuple) else str(value)
