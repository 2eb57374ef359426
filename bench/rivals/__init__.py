"""The libraries: a module for each, which is imported in a process of its own.

A module has ``COVARIANCE_TYPES`` and ``DTYPES`` that the library supports, ``versions()``, and
``fit(problem, n_iter)``, which starts from the problem's parameters, runs exactly `n_iter`
iterations of EM, and returns a `bench.cases.problem.Fit`. Importing it or calling ``versions``
raises an error if the library is not installed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Library:
    """A library to measure."""

    key: str  # name of its module
    name: str
    environment: str | None = None  # None for that of gmmx

    @property
    def module(self) -> str:
        """Dotted name of its module."""
        return f"{__name__}.{self.key}"


SKLEARN = Library("sklearn", "scikit-learn")
GMMX = Library("gmmx", "gmmx")
LIBRARIES = (
    SKLEARN,
    GMMX,
    Library("tgmm", "tgmm", "torch"),
    Library("pomegranate", "pomegranate", "torch"),
    Library("gmmx_jax", "gmmx (JAX)", "jax"),
    Library("mlpack", "mlpack", "mlpack"),
    Library("armadillo", "Armadillo"),
)
