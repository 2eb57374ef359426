"""A fitted mixture as notebooks show it: how the fit ended, and a table of the components."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gmmx.contract.tables import Table, number_format

if TYPE_CHECKING:
    import numpy as np

    from gmmx.arrays import FloatArray, NDArray

MOST_COMPONENTS, MOST_FEATURES = 12, 8  # in a table


def shown_names(
    n_features: int, *candidates: Sequence[object] | NDArray[np.object_] | None
) -> list[str]:
    """Return the names of the features: the first candidate that is not None, or x0, x1, ...

    Parameters
    ----------
    n_features : int
        Number of features.
    *candidates : sequence of object, ndarray of object, or None
        Names, as of a model or a data frame.

    Raises
    ------
    ValueError
        If the number of names is not `n_features`.
    """
    names = next((names for names in candidates if names is not None), None)
    if names is None:
        return [f"x{d}" for d in range(n_features)]
    if len(names) != n_features:
        raise ValueError(
            f"there are {n_features} features but {len(names)} names; "
            "give one name for each feature"
        )
    return [str(name) for name in names]


def component_table(
    caption: str,
    weights: FloatArray,
    means: FloatArray,
    deviations: FloatArray,
    names: Sequence[str],
) -> Table:
    """Return a table with a row for each component, of the first ones if there are many.

    Parameters
    ----------
    caption : str
        The first part of the caption.
    weights : ndarray of shape (n_components,)
        Weights.
    means, deviations : ndarray of shape (n_components, n_features)
        Means and standard deviations.
    names : sequence of str
        Names of the features.
    """
    n_components, n_features = means.shape
    weights, means = weights[:MOST_COMPONENTS], means[:MOST_COMPONENTS, :MOST_FEATURES]
    deviations = deviations[:MOST_COMPONENTS, :MOST_FEATURES]
    columns = [
        [str(k) for k in range(len(weights))],
        [f"{weight:.4f}" for weight in weights],
        *(list(_feature_cells(*pair)) for pair in zip(means.T, deviations.T, strict=True)),
    ]
    return Table(
        f"{caption}: mean ± standard deviation of each feature",
        ["component", "weight", *names[:MOST_FEATURES]],
        list(zip(*columns, strict=True)),
    ).with_left_out(n_components - MOST_COMPONENTS, n_features - MOST_FEATURES)


def end_of_fit_html(fitted: Mapping[str, Any]) -> str:
    """Return the end of the fit in HTML, an empty string if the parameters were given.

    Parameters
    ----------
    fitted : mapping
        Fitted attributes.
    """
    if not math.isfinite(fitted.get("lower_bound_", math.nan)):
        return ""
    n_iter = fitted.get("n_iter_")
    end = f"{n_iter} iteration{'' if n_iter == 1 else 's'}"
    if fitted.get("converged_"):
        end = f"Converged after {end}"
    elif not _is_step_of_stream(fitted):
        end = f"<strong>&#9888; Not converged</strong> after {end}"
    return f"<p>{end}, lower bound {fitted['lower_bound_']:.6g}</p>"


def _is_step_of_stream(fitted: Mapping[str, Any]) -> bool:
    """Return whether the last call was `partial_fit`, which leaves a single bound."""
    is_stopped_fit = fitted.get("n_iter_") == fitted.get("max_iter")
    return len(fitted.get("lower_bounds_", ())) == 1 and not is_stopped_fit


def _feature_cells(means: FloatArray, deviations: FloatArray) -> Iterator[str]:
    """Yield the cells of one feature."""
    kind = number_format(means, deviations)
    for mean, deviation in zip(means, deviations, strict=True):
        yield f"{mean:{kind}}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{deviation:{kind}}"
