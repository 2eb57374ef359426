"""The versions of the published site."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "versions.py"
ADDRESS = "https://example.org/name"


def publish(folder, *versions):
    """Make a site with some versions, list them, and return the entries of the menu."""
    for version in versions:
        (folder / version).mkdir()
        (folder / version / "index.html").touch()
    subprocess.run([sys.executable, SCRIPT, folder, ADDRESS], check=True)
    return json.loads((folder / "switcher.json").read_text(encoding="utf-8"))


def test_releases_are_listed_from_the_newest_to_the_oldest(tmp_path):
    entries = publish(tmp_path, "0.9.0", "0.10.0", "dev", "0.2.0")
    assert [entry["version"] for entry in entries] == ["dev", "0.10.0", "0.9.0", "0.2.0"]
    assert [entry["url"] for entry in entries][1] == f"{ADDRESS}/0.10.0/"


@pytest.mark.parametrize(
    ("versions", "newest"), [(["dev"], "dev"), (["dev", "0.9.0", "0.10.0"], "0.10.0")]
)
def test_the_address_of_the_site_leads_to_the_newest_release(tmp_path, versions, newest):
    entries = publish(tmp_path, *versions)
    assert [entry["version"] for entry in entries if entry["preferred"]] == [newest]
    assert f"url={newest}/" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_other_folders_are_not_listed(tmp_path):
    entries = publish(tmp_path, "dev", ".git", "assets")
    assert [entry["version"] for entry in entries] == ["dev"]


def test_an_empty_folder_is_an_error(tmp_path):
    run = subprocess.run([sys.executable, SCRIPT, tmp_path, ADDRESS], check=False)
    assert run.returncode != 0
    assert list(tmp_path.iterdir()) == []
