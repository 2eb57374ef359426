"""Checkpoints of a fit: the interface, and EM in segments between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from gmmx.em.loop import EMResult

PASSES = 5  # in a segment; an acceleration and a stopping rule begin anew after it


class Progress(NamedTuple):
    """The state of a fit after a segment.

    Attributes
    ----------
    init : int
        Number of the current start, from 0.
    current : EMResult
        Result of the current start so far.
    best : EMResult or None
        The best result of the starts before it.
    memory : sequence
        Memory of the repair of collapsed components, empty without a repair.
    """

    init: int
    current: EMResult
    best: EMResult | None
    memory: Sequence[Any] = ()


class Checkpoint(Protocol):
    """Keeps the progress of a fit for a later process."""

    def load(self) -> Progress | None:
        """Return the progress of an earlier fit with the same parameters and samples, if any."""

    def save(self, progress: Progress) -> None:
        """Keep the progress."""


def run_in_segments(
    first: EMResult,
    run: Callable[[EMResult, int], EMResult],
    max_iter: int,
    save: Callable[[EMResult], None],
) -> EMResult:
    """Run EM in segments of `PASSES` iterations, and save the result after each.

    Parameters
    ----------
    first : EMResult
        Result to go on from; its `lower_bounds` are empty at a start.
    run : callable
        Takes a result and a number of iterations, and returns the result of the next segment.
    max_iter : int
        Largest number of iterations of all segments together.
    save : callable
        Takes the result so far. It is not called after the last segment.

    Returns
    -------
    EMResult
    """
    result = first
    while not (result.converged or result.is_stopped) and result.n_iter < max_iter:
        segment = run(result, min(PASSES, max_iter - result.n_iter))
        bounds = result.lower_bounds + segment.lower_bounds
        result = segment._replace(
            lower_bounds=bounds, n_iter=len(bounds), start_weights=first.start_weights
        )
        if not (result.converged or result.is_stopped) and result.n_iter < max_iter:
            save(result)
    return result
