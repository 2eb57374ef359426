"""Checks of samples that come in blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gmmx.blocks.block import Block
from gmmx.checks.samples import as_float_array, check_spread_of_range, first_not_finite
from gmmx.checks.weights import check_weights_of_block

if TYPE_CHECKING:
    from gmmx.arrays import Array, FloatArray
    from gmmx.blocks.block_source import Survey


class Form(NamedTuple):
    """The properties that all blocks share.

    Attributes
    ----------
    n_features : int
        Number of features.
    dtype : dtype
        float32 or float64.
    has_weights : bool
        Whether the samples have weights.
    """

    n_features: int
    dtype: np.dtype[Any]
    has_weights: bool


def checked_blocks(
    blocks: Iterable[Block],
    sample_weight: Array | float | None = None,
    *,
    expected: Form | None = None,
) -> Iterator[tuple[FloatArray, Array | None]]:
    """Yield the samples of positive weight of each block, and their weights.

    Parameters
    ----------
    blocks : iterable of Block
        Blocks as they are read.
    sample_weight : ndarray of shape (n_samples,) or number, optional
        Checked weights of all rows of the blocks, in place of weights that the blocks hold.
    expected : Form, optional
        The form of the blocks in the first pass over the samples. Only the first pass looks for
        NaN and infinity.

    Raises
    ------
    ValueError
        If a block has another number of features or another precision than the first one, holds
        NaN or infinity, or if its weights are invalid. The message names file and row.
    TypeError
        If a block does not hold numbers.
    """
    form, row = expected, 0
    for block in blocks:
        X = _checked_samples(block)
        weight = block.weight
        if isinstance(sample_weight, np.ndarray):
            weight = sample_weight[row : row + len(X)]
        elif sample_weight is not None:
            weight = sample_weight
        found = Form(X.shape[1], X.dtype, weight is not None)
        form = found if form is None else form
        _check_form(found, form, block.place)
        if expected is None:
            _check_finite(X, block)
        row += len(X)
        yield _weighted(X.copy() if block.is_reused else X, weight, block)
    if isinstance(sample_weight, np.ndarray) and row != len(sample_weight):
        raise ValueError(
            f"sample_weight.shape == {sample_weight.shape}, expected {(row,)}: one weight for each "
            "sample."
        )


def _checked_samples(block: Block) -> FloatArray:
    """Return the samples of a block."""
    try:
        X = as_float_array(block.X, "X")
    except (TypeError, ValueError) as error:
        raise type(error)(f"{block.place}: {error}") from error
    if X.ndim != 2 or X.shape[1] == 0:
        raise ValueError(
            f"{block.place}: expected an array of samples and features, got shape {X.shape}."
        )
    return X


def _check_form(found: Form, form: Form, place: str) -> None:
    """Raise ValueError if a block has another form than the first one."""
    if found.n_features != form.n_features:
        raise ValueError(
            f"{place}: has {found.n_features} features, but the first block has {form.n_features}."
        )
    if found.dtype != form.dtype:
        raise ValueError(
            f"{place}: holds {found.dtype}, but the first block holds {form.dtype}. Convert all "
            "blocks to one precision."
        )
    if found.has_weights != form.has_weights:
        raise ValueError(f"{place}: all blocks must have weights, or none.")


def _check_finite(X: FloatArray, block: Block) -> None:
    """Raise an error with file and row if a number is NaN or infinite."""
    index = first_not_finite(X)
    if index is None:
        return
    row, feature = index
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
