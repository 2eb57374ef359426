"""The figures of the page on benchmarks, from the JSON that the bench wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.report.readme import BEGIN, END, summary
from bench.report.results import Results

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MEASURED = Path(__file__).resolve().parents[2] / "bench" / "measured"


def with_figures(text: str, folder: Path) -> str:
    """Return the bench's README with a summary of the results in a folder.

    Without results the README keeps its own summary, which the bench wrote from earlier results.
    """
    results = [Results.load(path) for path in sorted(folder.glob("*.json"))]
    if not results:
        return text
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the bench's README lacks the lines {BEGIN} and {END}")
    return f"{before}{summary(results)}{after}"


def replace_figures(app: Sphinx, path: Path, _: str, content: list[str]) -> None:
    """Replace the figures of the bench's README where a page includes it."""
    if path.as_posix() == "../bench/README.md":
        for result in MEASURED.glob("*.json"):
            app.env.note_dependency(str(result))
        content[0] = with_figures(content[0], MEASURED)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the event."""
    app.connect("include-read", replace_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
