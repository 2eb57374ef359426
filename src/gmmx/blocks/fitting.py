"""Fits to samples in blocks, predictions block by block, and scores of all blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx._core.interface.threads import resolve_n_threads
from gmmx.blocks.block import Block, Blocks
from gmmx.blocks.block_source import BlockSource, survey
from gmmx.blocks.checking import Form, check_survey, checked_blocks
from gmmx.blocks.read_ahead import read_ahead
from gmmx.blocks.recognition import blocks_of
from gmmx.checks.feature_names import check_feature_count, check_feature_names, feature_names
from gmmx.checks.weights import check_sample_weight, check_total_weight, weighted_sum
from gmmx.contract.estimator import Estimator, feature_attributes
from gmmx.samples.windows import window_size

if TYPE_CHECKING:
    from gmmx.arrays import Array, ArrayLike, FloatArray, NDArray
    from gmmx.contract.estimator import FeatureAttributes


def block_source(
    blocks: Blocks,
    sample_weight: ArrayLike | None,
    n_threads: int | None,
    *,
    fewest_start_samples: int = 0,
    shows_progress: bool = False,
) -> tuple[BlockSource, FeatureAttributes]:
    """Read and check all blocks once; return their samples and the attributes of their features.

    Parameters
    ----------
    blocks : Blocks
        The samples.
    sample_weight : array-like of shape (n_samples,), number or None
        Weights of the samples, in place of weights that the blocks hold.
    n_threads : int or None
        Number of threads of a pass; None as for an estimator.
    fewest_start_samples : int, default=0
        Number of samples that starting values need.
    shows_progress : bool, default=False
        Whether to show the progress of each pass, if stderr is a terminal.
    """
    names, weight = feature_names(blocks), _checked_weight(sample_weight)
    found = check_survey(
        survey(partial(checked_blocks, blocks, weight), fewest_start_samples), min_samples=2
    )
    form = Form(found.first_sample.shape[1], found.first_sample.dtype, found.has_weights)
    later_passes = partial(checked_blocks, blocks, weight, expected=form)
    source = BlockSource(
        later_passes, found, resolve_n_threads(n_threads), shows_progress=shows_progress
    )
    return source, feature_attributes(source.n_features, names)


def predicted_blocks(
    model: Estimator, X: Any, output: Callable[[FloatArray], NDArray[Any]]
) -> Iterator[NDArray[Any]]:
    """Yield an output of a fitted mixture for each block of the samples; read ahead meanwhile.

    Parameters
    ----------
    model : Estimator
        The fitted mixture.
    X : array-like or samples in blocks
        Samples; an array is cut into windows.
    output : callable
        Takes checked samples and returns the output.
    """
    model._check_is_fitted()
    blocks, name = blocks_of(X, is_read_once=True), type(model).__name__
    if blocks is None:
        samples = model._check_new_samples(X)
        size = window_size(samples.shape[1])
        for start in range(0, len(samples), size):
            yield output(samples[start : start + size])
        return
    check_feature_names(blocks, getattr(model, "feature_names_in_", None), name)
    for samples, _ in _new_samples(model, checked_blocks(_without_weights(blocks))):
        yield output(samples)


def sum_over_blocks(
    model: Estimator,
    blocks: Blocks,
    sample_weight: ArrayLike | None,
    of_block: Callable[[FloatArray], NDArray[np.floating]],
) -> tuple[float, float]:
    """Return the weighted sum of a value of each sample, and the sum of the weights.

    Parameters
    ----------
    model : Estimator
        The fitted mixture.
    blocks : Blocks
        The samples.
    sample_weight : array-like of shape (n_samples,), number or None
        Weights of the samples, in place of weights that the blocks hold.
    of_block : callable
        Takes checked samples and returns a value for each, such as its log-likelihood.
    """
    total = total_weight = 0.0
    for samples, weight in new_blocks(model, blocks, sample_weight):
        sum_of_block, weight_of_block = weighted_sum(of_block(samples), weight)
        total += sum_of_block
        total_weight += weight_of_block
    check_total_weight(total_weight)
    return total, total_weight


def new_blocks(
    model: Estimator, blocks: Blocks, sample_weight: ArrayLike | None
) -> Iterator[tuple[FloatArray, Array | None]]:
    """Return an iterator over the checked samples of the blocks and their weights.

    Parameters
    ----------
    model : Estimator
        The fitted mixture.
    blocks : Blocks
        The samples.
    sample_weight : array-like of shape (n_samples,), number or None
        Weights of the samples, in place of weights that the blocks hold.

    Returns
    -------
    iterator of (ndarray of shape (n_rows, n_features), ndarray of shape (n_rows,) or None)
    """
    model._check_is_fitted()
    name = type(model).__name__
    check_feature_names(blocks, getattr(model, "feature_names_in_", None), name)
    return _new_samples(model, checked_blocks(blocks, _checked_weight(sample_weight)))


def _checked_weight(sample_weight: ArrayLike | None) -> Array | float | None:
    """Return the weights of all samples, or the weight of each one."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        check_sample_weight(sample_weight, 1)
        return float(sample_weight)
    return check_sample_weight(sample_weight, np.size(sample_weight))


def _new_samples(
    model: Estimator, blocks: Iterator[tuple[FloatArray, Array | None]]
) -> Iterator[tuple[FloatArray, Array | None]]:
    """Yield the blocks that are not empty, with as many features as in `fit`; read ahead."""
    for samples, weight in read_ahead(blocks):
        n_features = model._n_features() or samples.shape[1]
        check_feature_count(samples.shape[1], n_features, type(model).__name__)
        if len(samples) > 0:
            yield samples, weight


def _without_weights(blocks: Blocks) -> Iterator[Block]:
    """Yield blocks whose rows all have a prediction."""
    return (block._replace(weight=None) for block in blocks)
