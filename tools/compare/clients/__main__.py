"""Install the packages, run the scenarios, compare the results, and print a table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tools.compare.clients.compare import differences, largest_of_all
from tools.compare.clients.environment import ROOT, install, wheel
from tools.compare.clients.scenario import Scenario
from tools.compare.clients.scenarios import SCENARIOS
from tools.compare.clients.worker import SIDES, Outcome, run_in_process

TOLERANCE = 1e-8  # difference of floats relative to the largest value of their array
HEADER = """\
| package | version | scenario | result | time ratio |
| --- | --- | --- | --- | --- |"""


def arguments() -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.compare.clients", description=__doc__)
    parser.add_argument(
        "--gmmx", type=Path, default=ROOT, metavar="PATH",
        help="the checkout, or the wheel, to install (default: this checkout)",
    )  # fmt: skip
    parser.add_argument(
        "--environment", type=Path, metavar="DIR",
        help="a folder for the environments, created if necessary and used again"
        " (default: a temporary folder)",
    )  # fmt: skip
    parser.add_argument(
        "--only", default="", metavar="NAME", help="only scenarios with NAME in package or title"
    )
    return parser.parse_args()


def found_within(tolerance: float, theirs: Outcome, ours: Outcome) -> list[str]:
    """Return the differences between two runs, or the error of gmmx's run."""
    return [ours.error] if ours.error else differences(theirs.results, ours.results, tolerance)


def judge(scenario: Scenario, theirs: Outcome, ours: Outcome) -> tuple[str, bool]:
    """Return the result of a scenario as text, and whether it is as expected."""
    if theirs.error:
        return f"FAILS with scikit-learn: {theirs.error}", False
    found = found_within(TOLERANCE, theirs, ours)
    if scenario.differs and not found:
        return f"EQUAL, though it should differ: {scenario.differs}", False
    if scenario.within is not None:
        found = found_within(scenario.within, theirs, ours)
    elif scenario.differs:
        return f"differs: {scenario.differs}", True
    if found:
        return f"DIFFERS: {'; '.join(found)}", False
    largest = f"{largest_of_all(theirs.results, ours.results):.0e}"
    if scenario.differs:
        return f"differs by {largest}: {scenario.differs}", True
    return f"equal ({largest})", True


def print_row(python: Path, scenario: Scenario) -> bool:
    """Run a scenario with both libraries and print its row; return whether it is as expected."""
    theirs, ours = (run_in_process(python, scenario, side) for side in SIDES)
    text, is_expected = judge(scenario, theirs, ours)
    ratio = theirs.seconds / ours.seconds
    cells = [
        scenario.package,
        theirs.version,
        scenario.title,
        text.replace("|", "\\|"),
        f"{ratio:.1f}" if ratio > 0 else "",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)
    return is_expected


def check(folder: Path, source: Path, only: str) -> int:
    """Run the scenarios and print their table; return the exit status."""
    selected = [scenario for scenario in SCENARIOS if only.lower() in scenario.name.lower()]
    if not selected:
        print(f"no scenario has {only!r} in its name", file=sys.stderr)
        return 2
    built = wheel(folder, source)
    groups = sorted({scenario.group for scenario in selected})
    pythons = {group: install(folder, group, built) for group in groups}
    print(HEADER, flush=True)
    unexplained = [row.name for row in selected if not print_row(pythons[row.group], row)]
    if unexplained:
        print(f"\nunexplained: {', '.join(unexplained)}", file=sys.stderr)
    return 1 if unexplained else 0


def main() -> int:
    """Run the scenarios in the folder given on the command line, or in a temporary folder."""
    given = arguments()
    source = given.gmmx.resolve()
    if given.environment:
        return check(given.environment.resolve(), source, given.only)
    with tempfile.TemporaryDirectory() as folder:
        return check(Path(folder), source, given.only)


if __name__ == "__main__":
    sys.exit(main())
