"""Distributions of a mixture's weights, conjugate to the counts of samples.

Prior and posterior have the same class: `updated` adds counts of samples to the prior.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from gmmx._core.interface import conjugate

if TYPE_CHECKING:
    from gmmx.arrays import Array


class WeightDistribution(ABC):
    """Distribution of the weights of a mixture, prior or posterior."""

    @classmethod
    @abstractmethod
    def symmetric(cls, n_components: int, concentration: float) -> Self:
        """Return the prior with the same concentration for all components."""

    @classmethod
    @abstractmethod
    def from_concentration(cls, concentration: Array | tuple[Array, Array]) -> Self:
        """Return the distribution with given parameters, in the form of `concentration`."""

    @property
    @abstractmethod
    def concentration(self) -> Array | tuple[Array, Array]:
        """The parameters, in the form of the attribute `weight_concentration_`."""

    @property
    @abstractmethod
    def prior_concentration(self) -> float:
        """The concentration given to `symmetric`."""

    @abstractmethod
    def updated(self, counts: Array) -> Self:
        """Return the posterior of this prior, given the counts of samples by component."""

    def with_terms(self, terms: Array, log_normalizer: float) -> Self:
        """Store known expectations and normalizer in the distribution, and return it."""
        vars(self)["_terms"] = terms, log_normalizer
        return self

    @abstractmethod
    def mean(self) -> Array:
        """Return the expected weights."""

    @abstractmethod
    def expected_log(self) -> Array:
        """Return the expected logarithms of the weights."""

    @abstractmethod
    def log_normalizer(self) -> float:
        """Return the logarithm of the integral that normalizes the density."""

    @abstractmethod
    def moved_from(self, prior: Self) -> float:
        """Return E_q[(eta - eta_0) . T], a part of KL(q || prior), in nats.

        It is the difference of natural parameters times the expected log weights.
        """


@dataclass(frozen=True, eq=False)
class Dirichlet(WeightDistribution):
    """Dirichlet distribution: the weights of a finite mixture.

    Attributes
    ----------
    alpha : ndarray of shape (n_components,)
        Concentration of each component.

    References
    ----------
    Bishop (2006), "Pattern recognition and machine learning", 10.2.
    """

    alpha: Array

    @classmethod
    def symmetric(cls, n_components: int, concentration: float) -> Self:
        return cls(np.full(n_components, float(concentration)))

    @classmethod
    def from_concentration(cls, concentration: Array | tuple[Array, Array]) -> Self:
        return cls(np.asarray(concentration, dtype=np.float64, order="C"))

    @property
    def concentration(self) -> Array:
        return self.alpha

    @property
    def prior_concentration(self) -> float:
        return float(self.alpha[0])

    def updated(self, counts: Array) -> Self:
        return type(self)(self.alpha + counts)

    def mean(self) -> Array:
        return np.asarray(self._terms[0][0])

    def expected_log(self) -> Array:
        return np.asarray(self._terms[0][1])

    def log_normalizer(self) -> float:
        return self._terms[1]

    def moved_from(self, prior: Self) -> float:
        return float((self.alpha - prior.alpha) @ self.expected_log())

    @cached_property
    def _terms(self) -> tuple[Array, float]:
        """Expectations, (2, n_components), and the logarithm of the normalizing integral."""
        return conjugate.dirichlet(self.alpha)


@dataclass(frozen=True, eq=False)
class StickBreaking(WeightDistribution):
    """Truncated Dirichlet process: each weight is a share of 1 minus the weights before it.

    Attributes
    ----------
    taken, left : ndarray of shape (n_components,)
        Parameters of the beta distributions of the shares.

    References
    ----------
    Blei, Jordan (2006), "Variational inference for Dirichlet process mixtures", Bayesian
    Analysis 1.
    """

    taken: Array
    left: Array

    @classmethod
    def symmetric(cls, n_components: int, concentration: float) -> Self:
        return cls(np.ones(n_components), np.full(n_components, float(concentration)))

    @classmethod
    def from_concentration(cls, concentration: Array | tuple[Array, Array]) -> Self:
        return cls(*(np.asarray(part, dtype=np.float64, order="C") for part in concentration))

    @property
    def concentration(self) -> tuple[Array, Array]:
        return self.taken, self.left

    @property
    def prior_concentration(self) -> float:
        return float(self.left[0])

    def updated(self, counts: Array) -> Self:
        later = np.zeros(len(counts))
        np.add.accumulate(counts[:0:-1], out=later[-2::-1])
        return type(self)(self.taken + counts, self.left + later)

    def mean(self) -> Array:
        return np.asarray(self._terms[0][0])

    def expected_log(self) -> Array:
        return np.asarray(self._terms[0][1])

    def log_normalizer(self) -> float:
        return self._terms[1]

    def moved_from(self, prior: Self) -> float:
        taken, left = self._terms[0][2:]
        return float((self.taken - prior.taken) @ taken + (self.left - prior.left) @ left)

    @cached_property
    def _terms(self) -> tuple[Array, float]:
        """Expectations, (4, n_components), and the logarithm of the normalizing integral."""
        return conjugate.stick_breaking(self.taken, self.left)


WEIGHT_DISTRIBUTIONS: dict[str, type[WeightDistribution]] = {
    "dirichlet_process": StickBreaking,
    "dirichlet_distribution": Dirichlet,
}
