"""Run the tests named in docs/reliability.md, and count the lines whose tests pass.

Usage: python tools/measure/reliability.py
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"\| (\d\.\d+) \| (.*) \| (.*) \|")


class Line(NamedTuple):
    """A line of the table: its number, the promise, its tests, and a note if it has none."""

    number: str
    promise: str
    tests: tuple[str, ...]
    note: str


def read_table(path: Path) -> list[Line]:
    """Return the lines of the document's tables."""
    lines = []
    for row in path.read_text(encoding="utf-8").splitlines():
        match = ROW.fullmatch(row.strip())
        if match is None:
            continue
        tests = tuple(re.findall(r"`([\w/]+\.py::test_\w+)`", match[3]))
        note = "" if tests else match[3]
        lines.append(Line(match[1], match[2], tests, note))
    return lines


def outcomes(tests: set[str]) -> dict[str, set[str]]:
    """Return the outcomes of the cases of each test."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        names = [f"tests/{test}" for test in sorted(tests)]
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", f"--junit-xml={report}", *names],
            cwd=ROOT, check=False, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        found = defaultdict(set)
        for case in ElementTree.parse(report).iter("testcase"):
            file = case.get("classname", "").removeprefix("tests.").replace(".", "/")
            name = case.get("name", "").partition("[")[0]
            kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
            found[f"{file}.py::{name}"].update(kinds or ["passed"])
    return found


def main() -> int:
    """Print each line whose tests do not pass, and the counts; return 1 if a test failed."""
    lines = read_table(ROOT / "docs" / "reliability.md")
    found = outcomes({test for line in lines for test in line.tests})
    held: dict[str, list[bool]] = defaultdict(list)
    failed = False
    for line in lines:
        results = [found.get(test, {"missing"}) for test in line.tests]
        # A test may skip some of its cases, but not all.
        is_held = bool(results) and all(
            "passed" in result and result <= {"passed", "skipped"} for result in results
        )
        held[line.number[0]].append(is_held)
        if not is_held:
            print(f"not held: {line.number} {line.promise}: {line.note or results}")
            failed |= bool(line.tests)
    for section, results in sorted(held.items()):
        print(f"section {section}: {sum(results)} of {len(results)}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
