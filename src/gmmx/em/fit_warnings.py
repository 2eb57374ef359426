"""Warnings about the result of a fit."""

from __future__ import annotations

from gmmx.em.loop import EMResult
from gmmx.exceptions import warn_convergence


def warn_about(result: EMResult, max_iter: int) -> None:
    """Warn about repairs and components without samples, and about missing convergence."""
    warn_about_components(result)
    if not (result.converged or result.is_stopped) and max_iter > 0:
        warn_convergence(
            "Best performing initialization did not converge. Try different init parameters, or "
            "increase max_iter, tol, or check for degenerate data."
        )


def warn_about_components(result: EMResult) -> None:
    """Warn about repairs, and about components without samples."""
    for action in result.repairs:
        warn_convergence(f"{action[0].upper()}{action[1:]}.")
    emptied = result.emptied
    if emptied:
        warn_convergence(
            f"Components {emptied} hold no samples: their weights are 0, their means and "
            "covariances are from the last iteration in which they held samples. Use fewer "
            "components or other starting values."
        )
