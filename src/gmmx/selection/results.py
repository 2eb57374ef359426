"""The results of a search: arrays, rankings in HTML, and the error if none is ranked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.contract.tables import Table
from gmmx.selection.cells import Cell, Criterion, rounded

if TYPE_CHECKING:
    from gmmx.arrays import NDArray

MOST_RANKED = 10  # rows of the ranking
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


def ranking_html(results: Mapping[str, NDArray[Any]], criterion: Criterion, best: int) -> str:
    """Return the best mixtures of a search in HTML, and all of them folded.

    Parameters
    ----------
    results : dict of str to ndarray
        The result of `results_of`.
    criterion : {'bic', 'aic', 'icl'}
        The criterion that ranks the mixtures, which may be another one than that of the search.
    best : int
        Position in `results` of the mixture that the search chose.
    """
    refused = _refused_mixtures(results)
    title = f"All {len(results['refused'])} mixtures, {len(refused.rows)} refused"
    return (
        f"{_best_mixtures(results, criterion, best).html()}<details><summary>{title}</summary>"
        f"{_criterion_html(results, criterion, best)}"
        f"{refused.html() if refused.rows else ''}</details>"
    )


def _best_mixtures(results: Mapping[str, NDArray[Any]], criterion: Criterion, best: int) -> Table:
    """Return a table of the best mixtures that were not refused, in the order of the criterion."""
    values = results[criterion]
    order = np.argsort([rounded(value) for value in values], kind="stable")
    ranked = [i for i in order if results["refused"][i] is None]
    rows = [
        (
            f"{rank}{' (best)' if i == best else ''}",
            str(results["n_components"][i]),
            results["covariance_type"][i],
            f"{values[i]:.2f}",
            f"{values[i] - values[best]:.2f}",
            str(results["n_parameters"][i]),
            "yes" if results["converged"][i] else "no",
        )
        for rank, i in enumerate(ranked[:MOST_RANKED], 1)
    ]
    name = criterion.upper()
    header = (
        "rank", "n_components", "covariance_type", name, "above the best", "n_parameters",
        "converged",
    )  # fmt: skip
    table = Table(f"Ranking by {name}: smaller is better", header, rows)
    return table.with_left_out(len(ranked) - MOST_RANKED, 0)


def _refused_mixtures(results: Mapping[str, NDArray[Any]]) -> Table:
    """Return a table of the refused mixtures with their reasons."""
    header = "n_components", "covariance_type", "refused"
    cells = zip(*(results[name] for name in header), strict=True)
    rows = [(str(count), name, reason) for count, name, reason in cells if reason is not None]
    return Table("Refused", (*header[:2], "reason"), rows)


def _criterion_html(results: Mapping[str, NDArray[Any]], criterion: Criterion, best: int) -> str:
    """Return the table of a criterion in HTML, with a row for each number of components.

    The value of the best mixture is bold. Refused mixtures are struck through and show their reason
    as a tooltip.
    """
    counts = dict.fromkeys(results["n_components"].tolist())
    names = list(dict.fromkeys(results["covariance_type"]))
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
        "smaller min_components, covariance types with fewer parameters, or more samples; if a "
        "variance is at the floor, leave out features that others determine, or choose a smaller "
        "reg_covar."
    )
