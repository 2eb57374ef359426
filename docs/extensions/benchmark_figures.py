"""The figures of the page on benchmarks, from the JSON that the bench wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.report.readme import BEGIN, END, summary
from bench.report.results import Results

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MEASURED = Path(__file__).resolve().parents[2] / "bench" / "measured"


def figures(folder: Path) -> str:
    """Return the summary of all results in a folder, as Markdown."""
    return summary([Results.load(path) for path in sorted(folder.glob("*.json"))])


def with_figures(text: str, folder: Path) -> str:
    """Return the bench's README with the summary of saved results in the place of its own."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + figures(folder) + after


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
