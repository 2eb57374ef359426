"""Mixtures for data that are read block by block.

The search uses a sample of the rows. The mixture that it finds is fitted to all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gmmx.blocks.block import Block
from gmmx.blocks.checking import checked_blocks
from gmmx.blocks.fitting import block_source
from gmmx.checks.weights import check_total_weight, check_weights_of_block
from gmmx.cli.errors import note
from gmmx.cli.large_file import LargeFile, errors_of
from gmmx.cli.output import label_columns, write_lines
from gmmx.cli.reading.table import Table
from gmmx.estimators.base import Mixture
from gmmx.progress import progress
from gmmx.selection import all_samples
from gmmx.selection.cells import Cell

if TYPE_CHECKING:
    from gmmx.arrays import Samples


def sampled_table(large: LargeFile, n_threads: int | None) -> Table:
    """Read all rows once, and return a table of a sample of them."""
    with errors_of(Path(large.label)):
        source, _ = block_source(large, None, n_threads)
    sample = source.in_memory()
    weights = None
    if sample.weight is not None:
        weights = sample.weight.astype(np.float64) * sample.weight_unit
    n_drawn, name = len(sample.X), Path(large.label).name
    title = name if n_drawn == source.n_samples else f"{name}, a sample of {source.n_samples} rows"
    X = sample.X.astype(np.float64)
    is_used = np.ones(n_drawn, dtype=bool)
    return Table(title, large.header, large.columns, X, weights, is_used, None)


def fitted_to_all(large: LargeFile, best: Cell, n_threads: int | None) -> Cell:
    """Return the best cell with its mixture fitted to all rows, from the mixture of the sample."""
    with errors_of(Path(large.label)), progress(all_samples.MAX_ITER, "pass") as shown:
        source, features = block_source(large, None, n_threads)
        return all_samples.fitted_to_all(best, source, features, on_pass=shown)


def write_labels(
    path: Path | None, large: LargeFile, model: Mixture, *, probabilities: bool
) -> None:
    """Write the component of each row as CSV, block by block."""
    header = ["label"]
    if probabilities:
        header += [f"probability_{k}" for k in range(len(model.weights_))]

    def cells(X: Samples) -> Iterator[tuple[object, ...]]:
        columns = label_columns(model, X, probabilities=probabilities)
        return zip(*columns.values(), strict=True)

    _write(path, header, large, cells)


def write_scores(path: Path | None, large: LargeFile, model: Mixture) -> None:
    """Write the log-likelihood of each row as CSV, block by block."""
    _write(path, ["log_likelihood"], large, lambda X: zip(model.score_samples(X), strict=True))


def _write(
    path: Path | None,
    header: list[str],
    large: LargeFile,
    cells: Callable[[Samples], Iterator[tuple[object, ...]]],
) -> None:
    """Write a line for each row, with empty cells for rows that are not in use."""
    n_left_out = 0

    def lines() -> Iterator[tuple[object, ...]]:
        nonlocal n_left_out
        for is_used, block in large.parts():
            n_left_out += int(np.count_nonzero(~is_used))
            following: Iterator[tuple[object, ...]] = iter(())
            if is_used.any():
                following = cells(_rows_of(block))
            for one in is_used:
                yield next(following) if one else ("",) * len(header)

    with errors_of(Path(large.label)):
        write_lines(path, header, lines())
    if n_left_out:
        note(f"{large.label}: left out {n_left_out} rows with missing values")


def mean_log_likelihood(large: LargeFile, model: Mixture) -> float:
    """Return the mean log-likelihood per row, weighted if the rows have weights."""
    with errors_of(Path(large.label)):
        log_likelihood, _, total_weight = _log_likelihood(large, model)
    return log_likelihood / total_weight


def _log_likelihood(large: LargeFile, model: Mixture) -> tuple[float, int, float]:
    """Return log-likelihood, number of rows of positive weight, and sum of the weights."""
    total, n_samples, total_weight = 0.0, 0, 0.0
    for block in large:
        scores = model.score_samples(_rows_of(block))
        given = np.ones(len(scores))
        if block.weight is not None:
            given = check_weights_of_block(block.weight, len(scores), large.label)
        is_positive = given > 0
        total += float(given[is_positive] @ scores[is_positive])
        n_samples += int(np.count_nonzero(is_positive))
        total_weight += float(given.sum())
    check_total_weight(total_weight)
    return total, n_samples, total_weight


def _rows_of(block: Block) -> Samples:
    """Return the checked rows of a block, those of weight 0 included."""
    ((samples, _),) = checked_blocks([block._replace(weight=None)])
    return samples
