"""Absolute links in the README for PyPI, and the project's addresses."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
ADDRESS = "https://example.org/owner/name"
TOOL = ROOT / "tools" / "wheels" / "absolute_links.py"
SPEC = importlib.util.spec_from_file_location("absolute_links", TOOL)
absolute_links = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(absolute_links)


def test_relative_links_lead_to_the_tag_and_others_stay():
    text = "![a picture](docs/a.png) [a page](docs/b.md#part) [c](https://c.org) [d](#part)"
    assert absolute_links.with_absolute_links(text, ADDRESS, "v1.0") == (
        f"![a picture]({ADDRESS}/raw/v1.0/docs/a.png) [a page]({ADDRESS}/blob/v1.0/docs/b.md#part)"
        " [c](https://c.org) [d](#part)"
    )


def test_no_relative_link_of_the_readme_is_left():
    text = absolute_links.with_absolute_links((ROOT / "README.md").read_text(), ADDRESS, "v1.0")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert links
    assert [link for link in links if not link.startswith("https://")] == []


def test_the_addresses_are_a_valid_part_of_pyproject():
    text = (ROOT / "pyproject.toml").read_text() + absolute_links.urls_table(ADDRESS, "v1.0")
    assert tomllib.loads(text)["project"]["urls"]["Source"] == ADDRESS
