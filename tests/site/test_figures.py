"""The pictures in docs/figures are drawn by their code, small, and shown on a page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

DOCS = Path(__file__).resolve().parents[2] / "docs"
COMMITTED = sorted((DOCS / "figures").glob("*.svg"))
LARGEST = 60_000  # bytes


def size_of(path):
    """Return width and height of a picture."""
    root = ElementTree.parse(path).getroot()
    return root.get("width"), root.get("height")


takes_long = pytest.mark.site


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Return a folder into which the code has drawn all pictures, with warnings as errors."""
    folder = tmp_path_factory.mktemp("figures")
    make = [sys.executable, "-W", "error", DOCS / "figures" / "make.py", "--folder", folder]
    subprocess.run(make, check=True)
    return folder


@takes_long
def test_each_picture_has_its_code_and_each_code_its_picture(drawn):
    assert {path.name for path in COMMITTED} == {path.name for path in drawn.iterdir()}


@takes_long
@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_a_picture_is_drawn_in_the_committed_size_and_is_small(path, drawn):
    assert size_of(path) == size_of(drawn / path.name)
    assert path.stat().st_size < LARGEST
    assert (drawn / path.name).stat().st_size < LARGEST


def test_each_picture_is_shown_on_a_page():
    text = "\n".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
    assert [path.name for path in COMMITTED if f"figures/{path.name})" not in text] == []
