"""A library in a process of its own."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from bench.hosts.processes import Process, RequestError
from bench.rivals import Library
from bench.rivals.environments import interpreter


class Host:
    """A library in its process.

    Parameters
    ----------
    library : Library
        The library.
    n_threads : int
        Number of threads of the library.
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
    """Return the supported covariance types and dtypes, and versions; runs in its process."""
    adapter = import_module(module)
    return {
        "covariance_types": adapter.COVARIANCE_TYPES,
        "dtypes": adapter.DTYPES,
        "versions": adapter.versions(),
    }
