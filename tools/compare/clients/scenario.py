"""Scenarios: short uses of other people's packages, and the table of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Results = dict[str, Any]
"""Arrays by name: floats are compared with a tolerance, labels and all others exactly."""


@dataclass(frozen=True)
class Scenario:
    """A use of a package, and how its results are compared."""

    package: str  # the distribution's name
    title: str
    function: Callable[..., Results]
    group: str  # the dependency group with the package
    handed: bool  # the package is handed a model, and keeps scikit-learn's classes
    repeats: int  # of a run that is timed; 0: its time says nothing about mixtures
    differs: str | None  # why the results are not the same
    within: float | None  # then floats differ by no more, others not at all; None: any may

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

    It imports the package when it is called, and returns its results. With `handed` it is called
    with the module to take the mixtures from, `sklearn.mixture` or `gmmx`. Without, it is called
    without arguments, and scikit-learn's names are bound to the classes of the side that runs.
    """

    def add(function: Callable[..., Results]) -> Callable[..., Results]:
        SCENARIOS.append(
            Scenario(package, title, function, group, handed, repeats, differs, within)
        )
        return function

    return add
