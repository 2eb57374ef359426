"""Pictures of docs/tutorials: the figures that the code of a page itself draws.

The code blocks of a page run from top to bottom. The figure of a block belongs to the next image of
the page.
"""

from __future__ import annotations

import os
import re
from contextlib import redirect_stdout
from functools import cache, partial
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from matplotlib import pyplot as plt
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

PAGES = sorted((Path(__file__).resolve().parents[1] / "tutorials").glob("*.md"))
CODE_OR_IMAGE = re.compile(
    r"^```python\n(?P<code>.*?)^```|^!\[[^\]]*\]\(\.\./figures/(?P<name>\w+)\.svg\)", re.M | re.S
)
MOST_VECTORS = 40  # points; more of them make an SVG file large


def names_of(page: Path) -> list[str]:
    """Return the names of the images of a page."""
    found = CODE_OR_IMAGE.finditer(page.read_text(encoding="utf-8"))
    return [match["name"] for match in found if match["name"]]


@cache
def figures_of(page: Path) -> dict[str, Figure]:
    """Run the code of a page, and return its figures by the names of the images."""
    plt.switch_backend("agg")
    figures: dict[str, Figure] = {}
    namespace = {"__name__": "__main__"}
    text = page.read_text(encoding="utf-8")
    folder = Path.cwd()
    with TemporaryDirectory() as scratch, redirect_stdout(StringIO()):
        os.chdir(scratch)
        for match in CODE_OR_IMAGE.finditer(text):
            if match["code"]:
                lines_before = "\n" * text[: match.start("code")].count("\n")
                exec(compile(lines_before + match["code"], page, "exec"), namespace)
            else:
                figures[match["name"]] = plt.gcf()
                plt.close()
        os.chdir(folder)
    return figures


def figure(page: Path, name: str) -> Figure:
    """Return the figure that becomes an image of a page, with many points as pixels."""
    drawn = figures_of(page)[name]
    drawn.set_dpi(180)
    for points in drawn.findobj(lambda artist: isinstance(artist, Line2D | PathCollection)):
        drawn_at = points.get_xdata() if isinstance(points, Line2D) else points.get_offsets()
        points.set_rasterized(len(drawn_at) > MOST_VECTORS)
    return drawn


FIGURES = {name: partial(figure, page, name) for page in PAGES for name in names_of(page)}
