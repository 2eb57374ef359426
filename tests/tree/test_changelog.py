"""The changelog follows https://keepachangelog.com/en/1.1.0/."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

import gmmx

TEXT = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
HEADING = re.compile(r"## \[(?P<version>[^\]]+)\](?: - (?P<date>\d{4}-\d\d-\d\d))?(?P<yanked>.*)")


def releases() -> list[re.Match[str]]:
    """Return the headings of releases, the newest first, with Unreleased."""
    headings = [line for line in TEXT.splitlines() if line.startswith("## ")]
    matches = [HEADING.fullmatch(heading) for heading in headings]
    wrong = [heading for heading, match in zip(headings, matches, strict=True) if match is None]
    assert not wrong, f"write '## [1.2.3] - YYYY-MM-DD', not {wrong}"
    return [match for match in matches if match is not None]


def number(version: str) -> tuple[int, ...]:
    """Return a version as numbers for comparison."""
    return tuple(int(part) for part in version.split("."))


def test_unreleased_changes_come_first() -> None:
    versions = [release["version"] for release in releases()]
    assert versions.index("Unreleased") == 0
    assert versions.count("Unreleased") == 1


def test_releases_have_dates_and_descend() -> None:
    released = releases()[1:]
    numbers = [number(release["version"]) for release in released]
    dates = [date.fromisoformat(release["date"]) for release in released]
    assert numbers == sorted(set(numbers), reverse=True)
    assert dates == sorted(dates, reverse=True)
    assert all(release["yanked"] in ("", " [YANKED]") for release in released)


def test_no_release_is_newer_than_the_package() -> None:
    released = [number(release["version"]) for release in releases()[1:]]
    assert max(released, default=(0,)) <= number(gmmx.__version__)


@pytest.mark.parametrize("section", TEXT.split("\n## ")[1:], ids=lambda text: text[:12])
def test_changes_are_of_the_six_kinds_and_not_empty(section: str) -> None:
    kinds = re.findall(r"^### (.*)$", section, re.MULTILINE)
    assert set(kinds) <= set(KINDS)
    assert len(set(kinds)) == len(kinds)
    for part in section.split("\n### ")[1:]:
        entries = part.partition("\n")[2]
        assert re.match(r"\s*- \S", entries), f"nothing under {part.splitlines()[0]}"
