"""Tables in Markdown, and the text of their cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.cases.synthetic import CASES

NOTHING = "-"  # the text of a cell without a value
FEATURES = [case.n_features for case in CASES]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are aligned to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figure(value: float | None, unit: float = 1.0) -> str:
    """Return a value in a unit as text, or `NOTHING` if its measurement failed."""
    return NOTHING if value is None else f"{value / unit:.3g}"


def difference(value: float) -> str:
    """Return a relative difference as text."""
    return f"{value:.0e}" if value else "0"


def threads(n_threads: int) -> str:
    """Return a number of threads as text."""
    return f"{n_threads} thread{'s' * (n_threads > 1)}"
