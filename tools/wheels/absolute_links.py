"""Make the README's links absolute and add the project's addresses, before a release is built.

PyPI shows the README outside the repository, where relative links do not work. The release workflow
runs ``python tools/wheels/absolute_links.py ADDRESS TAG`` with the repository's address.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RELATIVE_LINK = re.compile(r"(!?)(\[[^\]]*\])\((?!https?:|#)([^)]+)\)")


def with_absolute_links(text: str, address: str, tag: str) -> str:
    """Return Markdown with links to files of a tag, and to raw files for pictures."""

    def absolute(match: re.Match[str]) -> str:
        picture, label, path = match.groups()
        return f"{picture}{label}({address}/{'raw' if picture else 'blob'}/{tag}/{path})"

    return RELATIVE_LINK.sub(absolute, text)


def urls_table(address: str, tag: str) -> str:
    """Return the table ``[project.urls]`` of pyproject.toml."""
    return (
        "\n[project.urls]\n"
        f'Source = "{address}"\n'
        f'Documentation = "{address}/tree/{tag}/docs"\n'
        f'Changelog = "{address}/blob/{tag}/CHANGELOG.md"\n'
        f'Issues = "{address}/issues"\n'
    )


def main(address: str, tag: str) -> None:
    """Rewrite README.md and pyproject.toml in place."""
    readme, project = ROOT / "README.md", ROOT / "pyproject.toml"
    text = with_absolute_links(readme.read_text(encoding="utf-8"), address, tag)
    readme.write_text(text, encoding="utf-8")
    with project.open("a", encoding="utf-8") as file:
        file.write(urls_table(address, tag))


if __name__ == "__main__":
    main(*sys.argv[1:])
