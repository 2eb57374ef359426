"""Scenarios: short programs that use other packages, and the list of all scenarios."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Results = dict[str, Any]
"""Arrays by name. Floats are compared with a tolerance, all other types exactly."""


@dataclass(frozen=True)
class Scenario:
    """A program that uses a package, and the comparison of its results."""

    package: str  # the distribution's name
    title: str
    function: Callable[..., Results]
    group: str  # the dependency group with the package
    handed: bool  # whether the package gets a model and keeps using scikit-learn's classes
    repeats: int  # timed runs; 0 if the time does not depend on the mixtures
    differs: str | None  # the reason why the results differ
    within: float | None  # largest difference of floats if `differs`; None allows any difference

    @property
    def name(self) -> str:
        """The package and the scenario."""
        return f"{self.package}: {self.title}"


SCENARIOS: list[Scenario] = []


def scenario(
    package: str,
    title: str,
    *,
    group: str = "clients",
    handed: bool = False,
    repeats: int = 3,
    differs: str | None = None,
    within: float | None = None,
) -> Callable[[Callable[..., Results]], Callable[..., Results]]:
    """Add a function to the scenarios.

    The function imports the package when it is called, and returns its results. With `handed` its
    argument is the module of the mixtures, `sklearn.mixture` or `gmmx`. Without `handed` it has
    no argument, and scikit-learn's names are bound to the classes of the library under test.
    """

    def add(function: Callable[..., Results]) -> Callable[..., Results]:
        SCENARIOS.append(
            Scenario(package, title, function, group, handed, repeats, differs, within)
        )
        return function

    return add
