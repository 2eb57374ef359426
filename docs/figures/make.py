"""Draw the pictures of the pages in docs/: `python docs/figures/make.py [--folder F] [NAME ...]`.

A module of this folder with a dictionary `FIGURES` draws pictures: each value is a function that
returns a figure, and the figure is written to NAME.svg beside the module. Without names all
pictures are drawn. The files are committed, so that the pages have pictures on GitHub as well.
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from importlib import import_module
from io import StringIO
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

FOLDER = Path(__file__).resolve().parent
CORNER = 0.12  # inches
# Without a date and with a fixed salt of identifiers the same picture gives the same file.
# Text stays text, which makes the files small.
STYLE = {
    "svg.hashsalt": "gmmx", "svg.fonttype": "none", "font.size": 9.0, "axes.titlesize": 10.0,
    "font.sans-serif": ["DejaVu Sans", "Arial"], "scatter.edgecolors": "none",
}  # fmt: skip


def figures() -> dict[str, Callable[[], Figure]]:
    """Return the functions that draw pictures, by the name of the picture."""
    sys.path.insert(0, str(FOLDER))
    found: dict[str, Callable[[], Figure]] = {}
    for path in sorted(FOLDER.glob("*.py")):
        if path.stem != "make":
            found |= getattr(import_module(path.stem), "FIGURES", {})
    return found


def save(figure: Figure, path: Path) -> None:
    """Write a figure on a white card with round corners, legible on light and dark pages."""
    width, height = figure.get_size_inches()
    figure.patch.set_visible(False)
    card = FancyBboxPatch(
        (CORNER, CORNER), width - 2 * CORNER, height - 2 * CORNER, transform=figure.dpi_scale_trans,
        boxstyle=f"round,pad={CORNER},rounding_size={CORNER}", linewidth=0, facecolor="white",
        zorder=-10,
    )  # fmt: skip
    figure.add_artist(card)
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    path.write_text(shortened(text.getvalue()), encoding="utf-8")


def shortened(svg: str) -> str:
    """Return a picture with coordinates to a tenth of a point, and without indentation."""

    def round_coordinates(tag: re.Match[str]) -> str:
        return re.sub(r"\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}", tag[0])

    return re.sub(r"\n\s+", "\n", re.sub(r"<[^>]*>", round_coordinates, svg))


def main() -> None:
    """Draw the named pictures, or all of them."""
    functions = figures()
    parser = ArgumentParser(description="Draw the pictures of the pages in docs/.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="pictures; by default all")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write them")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(functions))
    if unknown:
        parser.error(f"no pictures {unknown}; there are {sorted(functions)}")
    for name in arguments.names or functions:
        with rc_context(STYLE):
            save(functions[name](), arguments.folder / f"{name}.svg")


if __name__ == "__main__":
    main()
