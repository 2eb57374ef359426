"""The report of ``gmmx fit``: the table of the criterion and the best mixture."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmmx.cli.reading.table import Table
from gmmx.contract.tables import number_format
from gmmx.estimators.base import Mixture
from gmmx.estimators.component_covariances import component_deviations
from gmmx.selection.cells import Cell, Criterion, larger_count

WIDTH = 80
GAP = "  "
BEST_MARK, LEFT_OUT_MARK = "*", "x"


def report(table: Table, cells: Sequence[Cell], best: Cell | None, criterion: Criterion) -> str:
    """Return the report of ``gmmx fit``.

    Parameters
    ----------
    table : Table
        The data.
    cells : sequence of Cell
        Results of the search.
    best : Cell or None
        The mixture to describe.
    criterion : {'bic', 'aic', 'icl'}
        The criterion that ranked the mixtures.

    Returns
    -------
    str
        Lines of at most 80 characters, unless a column's name is longer.
    """
    parts = [
        [_size(table)],
        list(_criterion_table(cells, best, criterion)),
    ]
    if any(cell.reason for cell in cells):
        parts.append([f"{LEFT_OUT_MARK} left out of the ranking", *_reasons(cells)])
    unconverged = [cell for cell in cells if cell.model is not None and not cell.is_converged]
    if unconverged:
        parts.append(_stopped(unconverged))
    if best is not None and best.model is not None:
        parts += [_summary(best, cells), *parameter_tables(table.names, best.model)]
    return "\n\n".join("\n".join(lines) for lines in parts)


def parameter_tables(names: Sequence[str], model: Mixture) -> Iterator[list[str]]:
    """Yield tables of weights, means and standard deviations, with as many features as fit.

    Parameters
    ----------
    names : sequence of str
        Names of the features.
    model : Mixture
        A fitted mixture.

    Yields
    ------
    list of str
        The lines of a table.
    """
    deviations = component_deviations(model)
    left = _beside(
        _column("component", map(str, range(len(model.weights_)))),
        _column("weight", (f"{weight:.4f}" for weight in model.weights_)),
    )
    lines = left
    for d, name in enumerate(names):
        block = _feature_block(name, model.means_[:, d], deviations[:, d])
        if lines is not left and len(lines[0]) + len(GAP) + len(block[0]) > WIDTH:
            yield [line.rstrip() for line in lines]
            lines = left
        lines = _beside(lines, block)
    yield [line.rstrip() for line in lines]


def _size(table: Table) -> str:
    """Return the title of a table with its numbers of rows and columns."""
    n_rows, n_columns = table.values.shape
    text = f"{table.title}: {n_rows} rows, {n_columns} column{'' if n_columns == 1 else 's'}"
    if table.weights is None:
        return text
    return f"{text}, sum of the weights {table.weights.sum():.6g}"


def _criterion_table(
    cells: Sequence[Cell], best: Cell | None, criterion: Criterion
) -> Iterator[str]:
    """Yield a row for each number of components, with a column for each covariance type."""
    counts = dict.fromkeys(sorted(cell.n_components for cell in cells))
    names = dict.fromkeys(cell.covariance_type for cell in cells)
    values = [abs(getattr(cell, criterion)) for cell in cells if cell.model is not None]
    decimals = 2 if max(values, default=0.0) < 1e5 else 0
    texts = {}
    for cell in cells:
        value = getattr(cell, criterion)
        text = "-" if cell.model is None else f"{value:.{decimals}f}"
        mark = BEST_MARK if cell is best else LEFT_OUT_MARK if cell.reason else " "
        texts[cell.n_components, cell.covariance_type] = text + mark
    rows = {"K": {name: f"{name} " for name in names}}
    rows |= {str(k): {name: texts.get((k, name), "") for name in names} for k in counts}
    widths = {name: max(len(row[name]) for row in rows.values()) for name in names}
    count_width = max(len(str(k)) for k in counts)

    yield f"{criterion.upper()}, counted as scikit-learn does: smaller is better"
    for block in _blocks(widths, WIDTH - count_width):
        for count, row in rows.items():
            columns = [row[name].rjust(width) for name, width in block.items()]
            yield GAP.join([count.rjust(count_width), *columns]).rstrip()
    if best is not None:
        yield f"{BEST_MARK} best"


def _blocks(widths: Mapping[str, int], most: int) -> Iterator[dict[str, int]]:
    """Columns with their widths, as many at a time as one table has room for."""
    block: dict[str, int] = {}
    for name, width in widths.items():
        if block and sum(block.values(), len(GAP) * (len(block) + 1)) + width > most:
            yield block
            block = {}
        block[name] = width
    yield block


def _reasons(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield the reasons why cells are left out, each with all its cells."""
    all_names = list(dict.fromkeys(cell.covariance_type for cell in cells))
    for reason in dict.fromkeys(cell.reason for cell in cells if cell.reason):
        names: dict[int, list[str]] = {}
        for cell in cells:
            if cell.reason == reason:
                names.setdefault(cell.n_components, []).append(cell.covariance_type)
        where = "; ".join(
            f"K={k} {'all' if own == all_names else ', '.join(own)}" for k, own in names.items()
        )
        yield from textwrap.wrap(
            f"{where}: {reason}", WIDTH, initial_indent=GAP, subsequent_indent=GAP * 2
        )


def _stopped(cells: Sequence[Cell]) -> list[str]:
    """Return the list of the fits that have not converged."""
    names = "; ".join(f"K={cell.n_components} {cell.covariance_type}" for cell in cells)
    text = f"Stopped before they converged: {names}"
    return textwrap.wrap(text, WIDTH, subsequent_indent=GAP * 2)


def _summary(best: Cell, cells: Sequence[Cell]) -> list[str]:
    """Return a description of the best cell, and a hint if more components may be better."""
    lines = [
        f"Best: {best.covariance_type}, K = {best.n_components}",
        f"log-likelihood {best.log_likelihood:.2f} with {best.n_parameters} parameters, "
        f"BIC {best.bic:.2f}, AIC {best.aic:.2f}",
    ]
    larger = larger_count(cells, best)
    if larger is not None:
        lines.append(
            f"K = {best.n_components} is the largest number tried; use --components 1-{larger}"
        )
    return lines


def _feature_block(
    name: str, means: NDArray[np.floating[Any]], deviations: NDArray[np.floating[Any]]
) -> list[str]:
    """Return columns of the mean and standard deviation of one feature, under its name."""
    kind = number_format(means, deviations)
    columns = _beside(
        _column("mean", (format(mean, kind) for mean in means)),
        _column("sd", (format(deviation, kind) for deviation in deviations)),
    )[1:]
    width = max(len(name), len(columns[0]))
    return [name.center(width), *(line.rjust(width) for line in columns)]


def _column(title: str, texts: Iterable[str]) -> list[str]:
    """Return right-aligned texts under a title, below an empty line for a feature's name."""
    lines = ["", title, *texts]
    width = max(map(len, lines))
    return [line.rjust(width) for line in lines]


def _beside(left: list[str], right: list[str]) -> list[str]:
    """Return two blocks of lines side by side."""
    return [a + GAP + b for a, b in zip(left, right, strict=True)]
