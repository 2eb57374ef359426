"""Links of Markdown pages to files outside docs/: to their page of the site, or to the repository.

The pages are plain Markdown that also reads well in the repository, where such links are relative.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
# Files outside docs/ that are pages of the site.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "bench/README.md": "benchmarks.md",
}
RELATIVE_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")


def with_site_links(text: str, folder: Path, page_folder: Path, address: str) -> str:
    """Return Markdown whose links lead to pages of the site or to the repository.

    Parameters
    ----------
    text : str
        Markdown of a file.
    folder : Path
        The folder of the file, to which its links are relative.
    page_folder : Path
        The folder in docs/ of the page that shows the text.
    address : str
        The address of the repository's files, without a slash at the end. If empty, links to the
        repository become text.
    """

    def converted(match: re.Match[str]) -> str:
        label, path, fragment = match.groups(default="")
        target = Path(os.path.normpath(folder / path))
        if not target.is_relative_to(ROOT) or not target.exists():
            return match[0]
        name = target.relative_to(ROOT).as_posix()
        if name in PAGES:
            target = DOCS / PAGES[name]
        elif not target.is_relative_to(DOCS):
            return f"[{label}]({address}/{name}{fragment})" if address else label
        relative = Path(os.path.relpath(target, page_folder)).as_posix()
        return f"[{label}]({relative}{fragment})"

    return RELATIVE_LINK.sub(converted, text)


def files_address(app: Sphinx) -> str:
    """Return the address of the repository's files, or an empty text."""
    address = app.config.repository_address
    return f"{address}/blob/{app.config.repository_commit}" if address else ""


def convert_page(app: Sphinx, docname: str, source: list[str]) -> None:
    """Convert the links of a Markdown page."""
    path = Path(app.env.doc2path(docname))
    if path.suffix == ".md":
        source[0] = with_site_links(source[0], path.parent, path.parent, files_address(app))


def convert_included(app: Sphinx, path: Path, _: str, content: list[str]) -> None:
    """Convert the links of a file outside docs/ that a page at the top of docs/ includes."""
    if path.suffix == ".md":
        folder = Path(os.path.normpath(DOCS / path)).parent
        content[0] = with_site_links(content[0], folder, DOCS, files_address(app))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register settings and events."""
    app.add_config_value("repository_address", "", "env", str)
    app.add_config_value("repository_commit", "main", "env", str)
    app.connect("source-read", convert_page)
    app.connect("include-read", convert_included)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
