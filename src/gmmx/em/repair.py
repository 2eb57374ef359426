"""Repairs of a collapsed component: a new start of the component, or its removal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.model.collapse import DegenerateMixtureError, described
from gmmx.model.parameters import MixtureParameters

if TYPE_CHECKING:
    from gmmx.samples.source import SampleSource

MOST_RESEEDS = 10  # in one start; after as many, components would go on collapsing


class Repair(ABC):
    """Find parameters to continue with when a component collapses; one object for each start.

    Parameters
    ----------
    samples : SampleSource
        Samples of the fit.

    Attributes
    ----------
    actions : list of str
        A sentence for each repair, in order: the finding and the action.
    memory : list
        Values that the next repair needs; each kind of repair documents them.
    """

    def __init__(self, samples: SampleSource) -> None:
        self.samples = samples
        self.actions: list[str] = []
        self.memory: list[Any] = []

    @abstractmethod
    def __call__(
        self, error: DegenerateMixtureError, parameters: MixtureParameters
    ) -> MixtureParameters:
        """Return the repaired mixture, or raise `error` if there is none.

        `parameters` are the parameters before the M-step that raised `error`.
        """


class Reseed(Repair):
    """Start the component anew at the sample with the lowest density under the other components.

    The component gets the pooled covariance of the others and weight 1 / n_components. A sample,
    or another sample equal to it, is never used twice: the memory holds the samples.
    """

    def __call__(
        self, error: DegenerateMixtureError, parameters: MixtureParameters
    ) -> MixtureParameters:
        """Return the mixture with the collapsed component at another sample."""
        k, n_components = error.component, len(parameters.weights)
        if n_components == 1:
            raise error
        if len(self.memory) == MOST_RESEEDS:
            raise self._given_up(error)
        weights = parameters.weights.copy()
        weights[k] = 0
        weights /= weights.sum()
        others = parameters.with_weights(weights)
        worst = self.samples.worst_explained(others, self.memory)
        if worst is None:
            raise self._given_up(error)
        index, seed = worst
        self.memory.append(seed)
        self.actions.append(f"{error.finding}: component {k} was started anew at sample {index}")
        means = parameters.means.copy()
        means[k] = seed
        covariance = parameters.covariance.with_pooled(np.array([k]), weights)
        weights *= 1 - 1 / n_components
        weights[k] = 1 / n_components
        return MixtureParameters(weights, means, covariance)

    def _given_up(self, error: DegenerateMixtureError) -> DegenerateMixtureError:
        """Return the error with the number of attempts in its message."""
        times = "once" if len(self.memory) == 1 else f"{len(self.memory)} times"
        message = f"{error} Components were started anew {times} before."
        return described(message, error.component, error.finding)


class Drop(Repair):
    """Remove the collapsed component; its weight is distributed among the others.

    The memory holds the components that are left, by their numbers at the start.
    """

    def __call__(
        self, error: DegenerateMixtureError, parameters: MixtureParameters
    ) -> MixtureParameters:
        """Return the mixture without the collapsed component."""
        n_components = len(parameters.weights)
        if n_components == 1:
            raise error
        self.memory = self.memory or list(range(n_components))
        name = self.memory.pop(error.component)
        self.actions.append(f"{error.finding}: component {name} of the start was dropped")
        kept = np.delete(np.arange(n_components), error.component)
        return parameters.of(kept)


DEGENERATE: dict[str, type[Repair] | None] = {"raise": None, "reseed": Reseed, "drop": Drop}
