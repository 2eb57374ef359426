"""The libraries: a module for each, which is imported in a process of its own.

A module has ``COVARIANCE_TYPES`` and ``DTYPES`` that the library supports, ``versions()``, and
``fit(problem, n_iter)``, which starts from the problem's parameters, runs exactly `n_iter`
iterations of EM, and returns a `bench.cases.problem.Fit`. Importing it or calling ``versions``
raises an error if the library is not installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from bench.hosts.processes import Process, RequestError
from bench.rivals.environments import interpreter


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


class Host:
    """A library in its process.

    Parameters
    ----------
    library : Library
        The library.
    n_threads : int
        Threads that it may use.
    """

    def __init__(self, library: Library, n_threads: int) -> None:
        self.library = library
        self.process = Process(n_threads, interpreter(library.environment) or "")
        self.description: dict[str, Any] = {}

    def available(self) -> str | None:
        """Return why the library cannot be measured, None if it can."""
        if not self.process.interpreter:
            return f"no environment {self.library.environment!r}; run python -m bench --prepare"
        try:
            self.description = self.process.call(f"{__name__}.describe", module=self.library.module)
        except RequestError as error:
            return str(error)
        return None

    def supports(self, covariance_type: str, dtype: str) -> bool:
        """Return whether the library has a covariance type in a precision."""
        described = self.description
        return covariance_type in described["covariance_types"] and dtype in described["dtypes"]


def describe(module: str) -> dict[str, Any]:
    """Return what a library supports and its versions; runs in its process."""
    adapter = import_module(module)
    return {
        "covariance_types": adapter.COVARIANCE_TYPES,
        "dtypes": adapter.DTYPES,
        "versions": adapter.versions(),
    }
