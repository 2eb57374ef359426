"""The lines that a fit prints with `verbose`, worded as in scikit-learn."""

from __future__ import annotations

import math
from time import perf_counter

from gmmx.em.loop import EMResult


class VerboseReport:
    """Print lines about starts and iterations; from `verbose=2` on they contain times."""

    def __init__(self, verbose: int, interval: int) -> None:
        self.verbose = verbose
        self.interval = interval
        self.started = self.last = perf_counter()
        self.lower_bound = -math.inf

    def start(self, init: int, lower_bound: float) -> None:
        """Announce a start by its index; its first bound is compared with `lower_bound`."""
        self.lower_bound = lower_bound
        self.started = self.last = perf_counter()
        print(f"Initialization {init}")

    def iteration(self, n_iter: int, lower_bound: float) -> None:
        """Report every `interval`-th iteration and the change of the mean log-likelihood."""
        change, self.lower_bound = lower_bound - self.lower_bound, lower_bound
        if n_iter % self.interval:
            return
        line = f"  Iteration {n_iter}"
        if self.verbose >= 2:
            now = perf_counter()
            line += f"\t time lapse {now - self.last:.5f}s\t ll change {change:.5f}"
            self.last = now
        print(line)

    def end(self, result: EMResult) -> None:
        """Report whether a start converged."""
        line = f"Initialization {'converged' if result.converged else 'did not converge'}."
        if self.verbose >= 2:
            elapsed = perf_counter() - self.started
            line += f" time lapse {elapsed:.5f}s\t lower bound {result.lower_bound:.5f}."
        print(line)
