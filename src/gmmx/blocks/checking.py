"""Checks of samples that come in blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from gmmx.blocks.block import Block
from gmmx.checks.samples import as_float_array, check_spread_of_range
from gmmx.checks.weights import check_weights_of_block

if TYPE_CHECKING:
    from gmmx.arrays import Array, FloatArray
    from gmmx.blocks.block_source import Survey


def checked_blocks(
    blocks: Iterable[Block], sample_weight: Array | None = None, *, checks_values: bool = True
) -> Iterator[tuple[FloatArray, Array | None]]:
    """Yield the samples of positive weight of each block, and their weights.

    Parameters
    ----------
    blocks : iterable of Block
        Blocks as they are read.
    sample_weight : ndarray of shape (n_samples,), optional
        Checked weights of all rows of the blocks, in place of weights that the blocks hold.
    checks_values : bool, default=True
        Whether to look for NaN and infinity, which the first pass over the samples does.

    Raises
    ------
    ValueError
        If a block has another number of features or another precision than the first one, holds
        NaN or infinity, or if its weights are invalid. The message names file and row.
    TypeError
        If a block does not hold numbers.
    """
    first: FloatArray | None = None
    has_weights, row = sample_weight is not None, 0
    for block in blocks:
        X = _checked_samples(block, first)
        if checks_values:
            _check_finite(X, block)
        weight = block.weight
        if sample_weight is not None:
            weight = sample_weight[row : row + len(X)]
        if first is None:
            first, has_weights = X, weight is not None
        elif has_weights != (weight is not None):
            raise ValueError(f"{block.place}: all blocks must have weights, or none.")
        row += len(X)
        yield _weighted(X, weight, block)
    if sample_weight is not None and row != len(sample_weight):
        raise ValueError(
            f"sample_weight.shape == {sample_weight.shape}, expected {(row,)}: one weight for each "
            "sample."
        )


def _checked_samples(block: Block, first: FloatArray | None) -> FloatArray:
    """Return the samples of a block; `first` are the samples of the first block."""
    try:
        X = as_float_array(block.X, "X")
    except (TypeError, ValueError) as error:
        raise type(error)(f"{block.place}: {error}") from error
    if X.ndim != 2 or X.shape[1] == 0:
        raise ValueError(
            f"{block.place}: expected an array of samples and features, got shape {X.shape}."
        )
    if first is not None and X.shape[1] != first.shape[1]:
        raise ValueError(
            f"{block.place}: has {X.shape[1]} features, but the first block has {first.shape[1]}."
        )
    if first is not None and X.dtype != first.dtype:
        raise ValueError(
            f"{block.place}: holds {X.dtype}, but the first block holds {first.dtype}. Convert all "
            "blocks to one precision."
        )
    return X


def _check_finite(X: FloatArray, block: Block) -> None:
    """Raise an error with file and row if a number is NaN or infinite."""
    with np.errstate(all="ignore"):
        if np.isfinite(np.add.reduce(X, axis=None)):
            return
    is_finite = np.isfinite(X)
    if is_finite.all():
        return  # the sum of finite numbers overflows
    row, feature = np.unravel_index(int(np.argmin(is_finite)), X.shape)
    found = "NaN" if np.isnan(X[row, feature]) else "infinity"
    raise ValueError(
        f"{block.place}, row {block.row + row}: feature {feature} is {found}. Impute missing "
        "values or drop the samples that have them."
    )


def _weighted(X: FloatArray, weight: object, block: Block) -> tuple[FloatArray, Array | None]:
    """Return the samples of positive weight, and their weights."""
    if weight is None:
        return X, None
    checked = check_weights_of_block(weight, len(X), block.place)
    is_positive = checked > 0
    if is_positive.all():
        return X, checked
    return X[is_positive], checked[is_positive]


def check_survey(found: Survey | None, min_samples: int) -> Survey:
    """Return the findings about all blocks; raise if the samples are too few or too far apart."""
    if found is None or found.n_samples < min_samples:
        n_samples = 0 if found is None else found.n_samples
        raise ValueError(
            f"Found {n_samples} sample(s) of positive weight in the blocks while a minimum of "
            f"{min_samples} is required."
        )
    if not found.total_weight < np.inf:
        raise ValueError("The sum of the weights overflows. Divide the weights by the largest one.")
    check_spread_of_range(found.lowest, found.highest, found.n_samples)
    return found
