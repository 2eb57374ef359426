"""What happens to a component that collapses: an error, a new start, or its removal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gmmx.covariance import CovarianceStructure, DegenerateCovarianceError
from gmmx.covariance.cholesky import SMALLEST_SHARE
from gmmx.exceptions import warn_convergence
from gmmx.parameters import MixtureParameters
from gmmx.statistics import SufficientStatistics

if TYPE_CHECKING:
    from gmmx.arrays import Array, Samples

MOST_PARTS = 4  # of a direction, named in a message
MOST_RESEEDS = 10  # in one start: a component that still collapses then will do so again

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
        Which one; of a shared covariance the one that holds the fewest samples.
    finding : str
        What was found, a sentence without a full stop.

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


def singular_error(
    error: DegenerateCovarianceError, counts: Array, X: Samples
) -> DegenerateMixtureError:
    """scikit-learn's message, followed by which component and feature it is about."""
    message = ILL_DEFINED
    if X.dtype == np.float32:
        message += (
            " The numerical accuracy can also be improved by passing float64 data instead of "
            "float32."
        )
    where = "the shared covariance"
    if error.component is not None:
        k = error.component
        where = f"component {k}, which holds {counts[k]:.6g} of {len(X)} samples,"
    what = "no variance"
    if error.feature is not None:
        what += f" of its own in feature {error.feature}"
    if error.direction is not None:
        what += f", since {_relation(error.direction)} does not vary"
    finding = f"{where} has {what}"
    if error.component is not None:
        return _described(f"{message} Here {finding}.", error.component, finding)
    k = int(np.argmin(counts))
    fewest = f"{finding}, and component {k} holds the fewest of {len(X)} samples, {counts[k]:.6g}"
    return _described(f"{message} Here {finding}.", k, fewest)


def _relation(direction: Array) -> str:
    """A combination of standardized features in words, its largest parts first."""
    order = np.argsort(-np.abs(direction), kind="stable")
    parts = [d for d in order if abs(direction[d]) > SMALLEST_SHARE]
    shown = [f"{direction[d]:+.2g} z{d}" for d in parts[:MOST_PARTS]]
    more = " + ..." if len(parts) > MOST_PARTS else ""
    return f"{' '.join(shown).removeprefix('+')}{more} (z: feature over its deviation)"


def empty_error(component: int, X: Samples) -> DegenerateMixtureError:
    """The error for a component whose count underflows."""
    finding = f"component {component}, which holds 0 of {len(X)} samples, is empty"
    return _described(f"{ILL_DEFINED} Here {finding}.", component, finding)


def _described(message: str, component: int, finding: str) -> DegenerateMixtureError:
    """An error that pickles: its attributes are no arguments."""
    error = DegenerateMixtureError(message)
    error.component, error.finding = component, finding
    return error


class Repair(ABC):
    """Parameters to go on from when a component collapses; one object for each start.

    Attributes
    ----------
    actions : list of str
        What was found and done, in order.
    """

    def __init__(self, X: Samples, n_threads: int) -> None:
        self.X = X
        self.n_threads = n_threads
        self.actions: list[str] = []

    @abstractmethod
    def __call__(
        self, error: DegenerateMixtureError, parameters: MixtureParameters
    ) -> MixtureParameters:
        """Parameters in place of those whose M-step raised `error`; raises it if there are none."""


class Reseed(Repair):
    """Start the component anew at the sample that the others explain worst.

    It gets the pooled covariance of the others and weight 1 / n_components. No sample, nor one
    equal to it, is taken twice.
    """

    def __init__(self, X: Samples, n_threads: int) -> None:
        super().__init__(X, n_threads)
        self.seeds: list[int] = []

    def __call__(
        self, error: DegenerateMixtureError, parameters: MixtureParameters
    ) -> MixtureParameters:
        """The mixture with the component at another sample."""
        k, n_components = error.component, len(parameters.weights)
        if n_components == 1:
            raise error
        if len(self.seeds) == MOST_RESEEDS:
            raise self._given_up(error)
        weights = parameters.weights.copy()
        weights[k] = 0
        weights /= weights.sum()
        seed = self._worst_explained(replace(parameters, weights=weights))
        if seed is None:
            raise self._given_up(error)
        self.seeds.append(seed)
        self.actions.append(f"{error.finding}: component {k} was started anew at sample {seed}")
        means = parameters.means.copy()
        means[k] = self.X[seed]
        covariance = parameters.covariance.with_pooled(np.array([k]), weights)
        weights *= 1 - 1 / n_components
        weights[k] = 1 / n_components
        return MixtureParameters(weights, means, covariance)

    def _given_up(self, error: DegenerateMixtureError) -> DegenerateMixtureError:
        """The error, with what was tried."""
        times = "once" if len(self.seeds) == 1 else f"{len(self.seeds)} times"
        message = f"{error} Components were started anew {times} before."
        return _described(message, error.component, error.finding)

    def _worst_explained(self, parameters: MixtureParameters) -> int | None:
        """The sample of the lowest density that is no seed yet."""
        log_prob = np.empty(len(self.X), dtype=self.X.dtype)
        parameters.pass_over(self.X, self.n_threads, log_prob=log_prob)
        for seed in self.seeds:
            log_prob[(self.X[seed] == self.X).all(axis=1)] = np.inf
        seed = int(np.argmin(log_prob))
        return None if log_prob[seed] == np.inf else seed


class Drop(Repair):
    """Go on without the component: the others share its weight."""

    def __init__(self, X: Samples, n_threads: int) -> None:
        super().__init__(X, n_threads)
        self.original: list[int] = []

    def __call__(
        self, error: DegenerateMixtureError, parameters: MixtureParameters
    ) -> MixtureParameters:
        """The mixture without the component."""
        n_components = len(parameters.weights)
        if n_components == 1:
            raise error
        self.original = self.original or list(range(n_components))
        name = self.original.pop(error.component)
        self.actions.append(f"{error.finding}: component {name} of the start was dropped")
        kept = np.delete(np.arange(n_components), error.component)
        return parameters.of(kept)


DEGENERATE: dict[str, type[Repair] | None] = {"raise": None, "reseed": Reseed, "drop": Drop}


def pooled_start(
    statistics: SufficientStatistics, reg_covar: float, structure: type[CovarianceStructure]
) -> CovarianceStructure:
    """Covariances of a start, the pooled one where a component has none of its own.

    Where the pooled one is singular as well, it is that of all samples together. Warns which.
    """
    n_components, n_features = statistics.origin.shape
    total = structure.average(statistics.merged(), reg_covar)
    if "component" not in structure.axes:
        covariances, message = total, "the shared covariance is singular: it is that of all samples"
    else:
        covariances = structure.average(statistics, reg_covar)
        singular = [k for k in range(n_components) if structure.is_singular(covariances[k : k + 1])]
        pooled = np.average(covariances, axis=0, weights=statistics.counts)
        covariances[singular] = total[0] if structure.is_singular(pooled[np.newaxis]) else pooled
        held = ", ".join(f"{k} (holds {statistics.counts[k]:.6g})" for k in singular)
        message = f"components {held} have singular covariances: they begin with the pooled one"
    covariance = structure.from_covariances(covariances, n_components, n_features)
    warn_convergence(f"At the start {message}.")
    return covariance
