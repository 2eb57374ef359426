"""The results of a search: arrays, a ranking in HTML, and the error if none is ranked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.selection.cells import Cell, Criterion

if TYPE_CHECKING:
    from gmmx.arrays import NDArray

COLUMNS = ("n_parameters", "log_likelihood", "bic", "aic", "icl", "fit_time")


def results_of(cells: Sequence[Cell]) -> dict[str, NDArray[Any]]:
    """Return the results of a search as arrays of equal length, one element for each cell.

    Parameters
    ----------
    cells : sequence of Cell
        The cells.

    Returns
    -------
    dict of str to ndarray of shape (n_cells,)
        See `GaussianMixtureIC.results_`.
    """
    return {
        "n_components": np.array([cell.n_components for cell in cells]),
        "covariance_type": np.array([cell.covariance_type for cell in cells], dtype=object),
        **{name: np.array([getattr(cell, name) for cell in cells]) for name in COLUMNS},
        "converged": np.array([cell.is_converged for cell in cells]),
        "n_iter": np.array([0 if cell.model is None else cell.model.n_iter_ for cell in cells]),
        "refused": np.array([cell.reason for cell in cells], dtype=object),
    }


def ranking_html(results: Mapping[str, NDArray[Any]], criterion: Criterion) -> str:
    """Return the table of a criterion in HTML, with a row for each number of components.

    The best value is bold. Refused mixtures are struck through and show their reason as a tooltip.

    Parameters
    ----------
    results : dict of str to ndarray
        The result of `results_of`.
    criterion : {'bic', 'aic', 'icl'}
        The criterion.
    """
    counts = dict.fromkeys(results["n_components"].tolist())
    names = list(dict.fromkeys(results["covariance_type"]))
    is_ranked = np.array([reason is None for reason in results["refused"]])
    best = int(np.argmin(np.where(is_ranked, results[criterion], np.inf)))
    cells = {}
    for i, position in enumerate(
        zip(results["n_components"].tolist(), results["covariance_type"], strict=True)
    ):
        reason, value = results["refused"][i], results[criterion][i]
        text = "-" if np.isnan(value) else f"{value:.2f}"
        if reason is not None:
            text = f'<s title="{escape(reason)}">{text}</s>'
        cells[position] = f"<td>{f'<b>{text}</b>' if i == best else text}</td>"
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = "".join(
        f"<tr><th>{count}</th>{''.join(cells[count, name] for name in names)}</tr>"
        for count in counts
    )
    return (
        f"<table><caption>{criterion.upper()}: smaller is better</caption>"
        f"<thead><tr><th>n_components</th>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def nothing_ranked_error(cells: Sequence[Cell]) -> ValueError:
    """Return the error of a search in which every mixture was refused, with the reasons."""
    reasons = Counter(cell.reason for cell in cells).most_common(3)
    shown = "; ".join(f"{reason} ({count} of {len(cells)})" for reason, count in reasons)
    return ValueError(
        f"No mixture is left to choose from, since all {len(cells)} were refused: {shown}. Use a "
        "smaller min_components, covariance types with fewer parameters, or more samples."
    )
