"""Errors and messages about collapsed components."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.model.covariance import DegenerateCovarianceError
from gmmx.model.covariance.cholesky import SMALLEST_SHARE

if TYPE_CHECKING:
    from gmmx.arrays import Array


MOST_PARTS = 4  # features of a direction that a message names
ILL_DEFINED = (
    "Fitting the mixture model failed because some components have ill-defined empirical "
    "covariance (for instance caused by singleton or collapsed samples). Try to decrease the "
    "number of components, increase reg_covar, or scale the input data."
)


class DegenerateMixtureError(ValueError):
    """A component collapsed: its covariance is singular, or it lost all samples.

    Attributes
    ----------
    component : int
        Index of the component; for a shared covariance the component with the fewest samples.
    finding : str
        Description of the collapse, a sentence without a full stop.
    lower_bound : float
        Mean log-likelihood per sample before the step in which the component collapsed, in nats;
        -inf if it collapsed in the starting values.

    Examples
    --------
    >>> from gmmx import DegenerateMixtureError, GaussianMixture
    >>> try:
    ...     GaussianMixture(reg_covar=0.0).fit([[1.0, 7.0], [2.0, 7.0], [4.0, 7.0]])
    ... except DegenerateMixtureError as error:
    ...     print(error.component, error.finding)
    0 component 0, which holds 3 of 3 samples, has no variance of its own in feature 1
    """

    component: int
    finding: str
    lower_bound: float = -math.inf


def singular_error(
    error: DegenerateCovarianceError, counts: Array, n_samples: float, dtype: np.dtype[Any]
) -> DegenerateMixtureError:
    """Return an error with scikit-learn's message, followed by the component and the feature.

    `n_samples` is the sum of `counts`: the number of samples, or the sum of their weights.
    """
    message = ILL_DEFINED
    if dtype == np.float32:
        message += (
            " The numerical accuracy can also be improved by passing float64 data instead of "
            "float32."
        )
    where = "the shared covariance"
    if error.component is not None:
        k = error.component
        where = f"component {k}, which holds {counts[k]:.6g} of {n_samples:.10g} samples,"
    what = "no variance"
    if error.feature is not None:
        what += f" of its own in feature {error.feature}"
    if error.direction is not None:
        what += f", since {_relation(error.direction)} does not vary"
    finding = f"{where} has {what}"
    if error.component is not None:
        return described(f"{message} Here {finding}.", error.component, finding)
    k = int(np.argmin(counts))
    held = f"component {k} holds the fewest of {n_samples:.10g} samples, {counts[k]:.6g}"
    return described(f"{message} Here {finding}.", k, f"{finding}, and {held}")


def _relation(direction: Array) -> str:
    """Return a linear combination of standardized features as text, its largest terms first."""
    order = np.argsort(-np.abs(direction), kind="stable")
    parts = [d for d in order if abs(direction[d]) > SMALLEST_SHARE]
    shown = [f"{direction[d]:+.2g} z{d}" for d in parts[:MOST_PARTS]]
    more = " + ..." if len(parts) > MOST_PARTS else ""
    return f"{' '.join(shown).removeprefix('+')}{more} (z: standardized feature)"


def empty_error(component: int, n_samples: float) -> DegenerateMixtureError:
    """Return the error about a component whose count underflows."""
    finding = f"component {component}, which holds 0 of {n_samples:.10g} samples, is empty"
    return described(f"{ILL_DEFINED} Here {finding}.", component, finding)


def described(message: str, component: int, finding: str) -> DegenerateMixtureError:
    """Return an error with its attributes set after creation, so that it can be pickled."""
    error = DegenerateMixtureError(message)
    error.component, error.finding = component, finding
    return error
