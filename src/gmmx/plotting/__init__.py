"""Pictures of mixtures, searches and tests: display classes as in `sklearn.inspection`.

The extra `plot` installs matplotlib. A picture changes no global state of matplotlib; a display
that is given no axes makes a figure with pyplot.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gmmx.plotting.bootstrap import BootstrapDisplay, BootstrapLRTDisplay
    from gmmx.plotting.convergence import ConvergenceDisplay
    from gmmx.plotting.criterion import CriterionDisplay
    from gmmx.plotting.density import DensityDisplay
    from gmmx.plotting.merging import EntropyDisplay, MergeTreeDisplay
    from gmmx.plotting.mixture import MixtureDisplay
    from gmmx.plotting.uncertainty import UncertaintyDisplay

__all__ = [
    "BootstrapDisplay",
    "BootstrapLRTDisplay",
    "ConvergenceDisplay",
    "CriterionDisplay",
    "DensityDisplay",
    "EntropyDisplay",
    "MergeTreeDisplay",
    "MixtureDisplay",
    "UncertaintyDisplay",
]

_MODULES = {
    "BootstrapDisplay": "bootstrap",
    "BootstrapLRTDisplay": "bootstrap",
    "ConvergenceDisplay": "convergence",
    "CriterionDisplay": "criterion",
    "DensityDisplay": "density",
    "EntropyDisplay": "merging",
    "MergeTreeDisplay": "merging",
    "MixtureDisplay": "mixture",
    "UncertaintyDisplay": "uncertainty",
}


def __getattr__(name: str) -> object:
    """Import the module of a display and return the display."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f"gmmx.plotting.{_MODULES[name]}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "matplotlib":
            raise
        raise ImportError(
            f"{name} needs matplotlib, which is not installed; install it with "
            "`pip install 'gmmx-native[plot]'`"
        ) from error
    return getattr(module, name)


def __dir__() -> list[str]:
    """Return all names, including the displays that are not imported yet."""
    return sorted({*globals(), *_MODULES})
