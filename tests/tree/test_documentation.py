"""The examples in README.md and docs/ run, and links in Markdown files lead to existing files.

The ``python`` blocks of a page run from top to bottom in one namespace, in a temporary folder, with
warnings as errors. A block that cannot run here starts with ``python no-run``; the text beside it
says why.
"""

from __future__ import annotations

import os
import shutil
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

MarkdownIt = pytest.importorskip("markdown_it").MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
MARKDOWN_FILES = sorted(
    path
    for pattern in ("*.md", "[a-z]*/*.md", "docs/*/*.md", "examples/*/*.md")
    for path in ROOT.glob(pattern)
)
# Without these packages the rest of a page is skipped.
EXTRAS = {"dask", "distributed", "pyspark", "skl2onnx"}


def tokens(path):
    """Return the tokens of a Markdown file."""
    return MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8"))


def blocks(path):
    """Return the code of the blocks to run, with the line numbers of the page."""
    python = [token for token in tokens(path) if token.info.startswith("python")]
    assert {token.info for token in python} <= {"python", "python no-run"}
    run = [token for token in python if token.info == "python"]
    return ["\n" * (token.map[0] + 1) + token.content for token in run]


def links(path):
    """Return the targets of a file's links and images."""
    inline = [child for token in tokens(path) for child in token.children or ()]
    targets = [child.attrs.get("href") or child.attrs.get("src") for child in inline]
    return [urlsplit(target) for target in targets if target]


def relative_links(path):
    """Return the paths of a file's links, relative to its folder."""
    return [link.path for link in links(path) if not link.scheme and link.path]


def name(path):
    return path.relative_to(ROOT).as_posix()


def page(path):
    """Return a page as a test; one that starts Spark is run with the tests of engines."""
    starts_spark = any("pyspark" in block for block in blocks(path))
    return pytest.param(path, id=name(path), marks=pytest.mark.engines if starts_spark else ())


@pytest.fixture
def closes_figures():
    """Close the figures that a page leaves open: pyplot warns about too many."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")


@pytest.mark.usefixtures("closes_figures")
@pytest.mark.parametrize("path", [page(path) for path in PAGES if blocks(path)])
def test_examples_of_a_page_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    for block in blocks(path):
        if "pyspark" in block and shutil.which("java") is None and "JAVA_HOME" not in os.environ:
            pytest.skip("Spark needs Java, which is not installed")
        try:
            exec(compile(block, path, "exec", dont_inherit=True), namespace)
        except ModuleNotFoundError as error:
            if error.name not in EXTRAS:
                raise
            pytest.skip(f"{error.name} is not installed")


def test_pages_have_examples():
    assert len(blocks(README)) > 0
    assert len(blocks(ROOT / "docs" / "predictions.md")) > 1


@pytest.mark.parametrize("path", MARKDOWN_FILES, ids=name)
def test_relative_links_lead_to_files(path):
    missing = [link for link in relative_links(path) if not (path.parent / link).exists()]
    assert not missing


def test_links_are_found():
    assert "model_file.md" in relative_links(ROOT / "docs" / "predictions.md")
    assert "bench/README.md" in relative_links(ROOT / "CONTRIBUTING.md")


def test_links_of_the_readme_are_absolute_as_it_is_shown_elsewhere_too():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if "urls" not in project:
        pytest.skip("pyproject.toml names no address of the repository for links to start with")
    assert not relative_links(README)
