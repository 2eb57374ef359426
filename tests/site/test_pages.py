"""The sources of the site: pages for all public names, and links that lead to the right places."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest

from bench.cases.synthetic import Case
from bench.report.results import Results

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
API = DOCS / "api"
ADDRESS = "https://example.org/owner/name/blob/main"
MODULES = ["gmmx", "gmmx.plotting", "gmmx.dask", "gmmx.spark"]


@pytest.fixture
def extension(monkeypatch):
    """Return a function that imports an extension of Sphinx from docs/extensions."""
    monkeypatch.syspath_prepend(str(DOCS / "extensions"))
    names = []

    def load(name):
        names.append(name)
        return importlib.import_module(name)

    yield load
    for name in names:
        sys.modules.pop(name)


def documented_names():
    """Return the full names of the objects that the pages of the API list."""
    names, module = set(), ""
    for path in sorted(API.glob("*.md")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if match := re.match(r"\.\. currentmodule:: (\S+)$", line):
                module = match[1]
            elif match := re.match(r"(?:   |\.\. py:data:: )([A-Za-z_][\w.]*)$", line):
                names.add(f"{module}.{match[1]}")
    return names


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_has_a_page(module):
    try:
        public = importlib.import_module(module).__all__
    except ModuleNotFoundError as error:
        if error.name.startswith("gmmx"):
            raise
        pytest.skip(f"{error.name} is not installed")
    listed = {name for name in documented_names() if name.rpartition(".")[0] == module}
    assert listed == {f"{module}.{name}" for name in public}


def test_the_index_of_the_api_names_every_public_object():
    text = (API / "index.md").read_text(encoding="utf-8")
    listed = {name for name in documented_names() if name.count(".") <= 2}
    listed.remove("gmmx.__version__")
    assert sorted(re.findall(r"`(\w+)`", text)) == sorted(n.rpartition(".")[2] for n in listed)


def test_every_exception_has_a_page():
    listed = {name.rpartition(".")[2] for name in documented_names()}
    defined = vars(importlib.import_module("gmmx.exceptions"))
    errors = {
        name
        for name, value in defined.items()
        if isinstance(value, type) and issubclass(value, Exception) and not name.startswith("_")
    }
    assert "InvalidParameterError" in errors
    assert errors <= listed


def test_other_listed_names_exist():
    for name in documented_names():
        module, _, last = name.rpartition(".")
        if module not in MODULES:
            assert hasattr(importlib.import_module(module), last)


@pytest.mark.parametrize(
    ("link", "folder", "page_folder", "expected"),
    [
        # files with a page of the site
        ("[a](bench/README.md)", ROOT, DOCS, "[a](benchmarks.md)"),
        ("[a](../CHANGELOG.md)", DOCS, DOCS, "[a](changelog.md)"),
        ("[a](../../CONTRIBUTING.md#names)", API, API, "[a](../contributing.md#names)"),
        ("[a](docs/streams.md)", ROOT, DOCS, "[a](streams.md)"),
        # files of the repository
        ("[a](../examples/service/app.py)", DOCS, DOCS, f"[a]({ADDRESS}/examples/service/app.py)"),
        # links that stay
        ("[a](weights.md)", DOCS, DOCS, "[a](weights.md)"),
        ("[a](https://example.org/b.md)", DOCS, DOCS, "[a](https://example.org/b.md)"),
        ("[a](#part)", DOCS, DOCS, "[a](#part)"),
        ("[a](../no_such_file.md)", DOCS, DOCS, "[a](../no_such_file.md)"),
    ],
)  # fmt: skip
def test_links_lead_to_the_site_or_the_repository(extension, link, folder, page_folder, expected):
    links = extension("repository_links")
    assert links.with_site_links(link, folder, page_folder, ADDRESS) == expected


def test_links_to_the_repository_are_text_if_its_address_is_unknown(extension):
    links = extension("repository_links")
    text = "See [the service](../examples/service/README.md) and [weights](weights.md)."
    expected = "See the service and [weights](weights.md)."
    assert links.with_site_links(text, DOCS, DOCS, "") == expected


def test_the_page_of_benchmarks_has_the_figures_of_the_saved_results(extension, tmp_path):
    page = extension("benchmark_figures")
    machine = {"processor": "a processor", "date": "2026-11-29"}
    memory = {"sklearn": {"extra": 70, "samples": 10}, "gmmx": {"extra": 3, "samples": 10}}
    results = Results(machine, "thorough", 1, memory=memory | {"case": Case(200_000, 16, 16)})
    results.save(tmp_path / "thorough-threads-1.json")
    text = page.with_figures(f"Before\n\n{page.BEGIN}\nold figures\n{page.END}\n\nAfter", tmp_path)
    assert text.startswith("Before")
    assert text.endswith("After")
    assert "old figures" not in text
    assert "Measured on 2026-11-29 on a processor" in text
    assert "| 7 | 0.3 |" in text


def test_the_page_of_benchmarks_keeps_the_figures_of_the_readme_without_results(
    extension, tmp_path
):
    text = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    assert extension("benchmark_figures").with_figures(text, tmp_path) == text


def test_pages_of_the_repository_that_the_site_shows_exist(extension):
    for file, page in extension("repository_links").PAGES.items():
        assert (ROOT / file).exists()
        assert (DOCS / page).exists()
