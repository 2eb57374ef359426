"""The libraries: each has a module, which is imported in a process of its own.

A module defines ``COVARIANCE_TYPES`` and ``DTYPES``, which the library supports, ``versions()``,
and ``fit(problem, n_iter)``, which starts from the problem's parameters, runs exactly `n_iter`
iterations of EM, and returns a `bench.cases.problem.Fit`. If the library is not installed, the
import of the module or ``versions`` raises an error.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Library:
    """A library to measure."""

    key: str  # name of its module
    name: str
    environment: str | None = None  # None for gmmx's environment

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
