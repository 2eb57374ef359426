"""Repairs of a component that collapses: a new start, or its removal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gmmx.model.collapse import DegenerateMixtureError, described
from gmmx.model.parameters import MixtureParameters

if TYPE_CHECKING:
    from gmmx.arrays import Samples

MOST_RESEEDS = 10  # in one start: a component that still collapses then will do so again


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
        return described(message, error.component, error.finding)

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
