"""Tables in Markdown and what stands in their cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.cases.synthetic import CASES

NOTHING = "-"  # in a cell without a figure
FEATURES = [case.n_features for case in CASES]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table with its numbers on the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figure(value: float | None, unit: float = 1.0) -> str:
    """A figure in a unit; `NOTHING` if its measurement failed."""
    return NOTHING if value is None else f"{value / unit:.3g}"


def difference(value: float) -> str:
    """A relative difference."""
    return f"{value:.0e}" if value else "0"


def threads(n_threads: int) -> str:
    """A number of threads."""
    return f"{n_threads} thread{'s' * (n_threads > 1)}"
