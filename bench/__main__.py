"""Measure the speed of gmmx and of other libraries, and write a report: ``python -m bench``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from bench.cases.synthetic import CASES
from bench.hosts.host import Host
from bench.hosts.machine import describe_machine, usable_cores
from bench.hosts.processes import RequestError
from bench.measures.acceleration import measure_acceleration
from bench.measures.bayesian import measure_bayesian
from bench.measures.growth import measure_growth
from bench.measures.iteration import Measurement, measure_iterations
from bench.measures.kernels import measure_kernels
from bench.measures.prediction import measure_prediction
from bench.measures.resources import measure_imports, measure_memory
from bench.measures.scale.dask_cluster import measure_dask
from bench.measures.scale.large_file import measure_large_file
from bench.measures.scale.stream import measure_stream
from bench.measures.scaling import measure_precision, measure_scaling, measure_weights
from bench.measures.scratch import measure_scratch
from bench.measures.service import measure_service
from bench.plan import QUICK, THOROUGH, THOROUGH_ON_THREADS, Plan
from bench.report.markdown import markdown
from bench.report.readme import update_readme
from bench.report.results import Results
from bench.rivals import GMMX, LIBRARIES, SKLEARN
from bench.rivals.environments import prepare

FOLDER = Path(__file__).resolve().parent
KEYS = [library.key for library in LIBRARIES]
PARTS = (
    "iterations",
    "kernels",
    "scaling",
    "precision",
    "weights",
    "scratch",
    "prediction",
    "memory",
    "imports",
    "growth",
    "acceleration",
    "bayesian",
    "service",
    "stream",
    "large_file",
    "dask",
)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--prepare",
        action="store_true",
        help="install the optional rivals under bench/build, then stop",
    )
    parser.add_argument(
        "--readme",
        type=Path,
        nargs="+",
        metavar="JSON",
        help="write the summary of earlier results to bench/README.md and print it, then stop",
    )
    parser.add_argument("--quick", action="store_true", help="under 3 minutes, fewer samples")
    parser.add_argument(
        "--threads", type=int, default=1, metavar="N", help="threads of every library (default: 1)"
    )
    parser.add_argument(
        "--cases",
        type=int,
        nargs="+",
        metavar="D",
        choices=[case.n_features for case in CASES],
        help="only the cases with these numbers of features",
    )
    parser.add_argument(
        "--libraries",
        nargs="+",
        choices=KEYS,
        default=KEYS,
        metavar="NAME",
        help=f"rivals, of {', '.join(KEYS)}",
    )
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=PARTS,
        metavar="PART",
        help=f"only these parts: {', '.join(PARTS)} "
        "(default: the parts of the plan; scaling only with more than one thread)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=FOLDER / "results",
        metavar="DIR",
        help="folder of the report (default: bench/results)",
    )
    options = parser.parse_args(arguments)
    if options.threads == 1 and "scaling" in (options.parts or []):
        parser.error("--parts scaling compares several threads with one: set --threads")
    n_cores = usable_cores()
    if not 1 <= options.threads <= n_cores:
        parser.error(f"--threads must be from 1 to {n_cores}, the number of cores")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench and return an exit status."""
    options = parse(arguments)
    if options.prepare:
        return 0 if prepare() else 1
    if options.readme:
        print(update_readme(options.readme))
        return 0
    thorough = THOROUGH if options.threads == 1 else THOROUGH_ON_THREADS
    plan = QUICK if options.quick else thorough
    results = Results(describe_machine(), plan.name, options.threads)
    options.output.mkdir(parents=True, exist_ok=True)
    stem = options.output / f"{plan.name}-threads-{options.threads}"
    with ExitStack() as stack:
        hosts = available_hosts(options, results, stack)
        if [host.library for host in hosts[:2]] != [SKLEARN, GMMX]:
            print("scikit-learn and gmmx must be installed", file=sys.stderr)
            return 1
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # Save after each part, so that an error or an interruption loses no results.
        save = partial(results.save, stem.with_suffix(".json"))
        for part in measure(options, plan, hosts, directory, results, save):
            save()
            print(part, file=sys.stderr)
    write(results, stem)
    return 0


def available_hosts(options: argparse.Namespace, results: Results, stack: ExitStack) -> list[Host]:
    """Start all libraries at the same time, which is slow; print why a library is skipped."""
    chosen = {SKLEARN.key, GMMX.key, *options.libraries}
    hosts = [Host(library, options.threads) for library in LIBRARIES if library.key in chosen]
    for host in hosts:
        stack.callback(host.process.close)
    with ThreadPoolExecutor() as pool:
        reasons = list(pool.map(Host.available, hosts))
    for host, reason in zip(hosts, reasons, strict=True):
        if reason is None:
            results.versions[host.library.key] = host.description["versions"]
        else:
            results.skipped[host.library.key] = reason
            print(f"{host.library.name} is skipped: {reason}", file=sys.stderr)
    return [host for host, reason in zip(hosts, reasons, strict=True) if reason is None]


def measure(
    options: argparse.Namespace,
    plan: Plan,
    hosts: list[Host],
    directory: Path,
    results: Results,
    save: Callable[[], None],
) -> Iterator[str]:
    """Measure the chosen parts and yield the time of each; a part that fails is skipped."""
    cases = [case for case in CASES if case.n_features in (options.cases or [case.n_features])]
    n_threads = options.threads
    parts: dict[str, Callable[[], Any]] = {
        "iterations": lambda: keep(
            measure_iterations(hosts, cases, plan, directory), results.iterations, save
        ),
        "kernels": lambda: measure_kernels(hosts, cases, plan),
        "scaling": lambda: measure_scaling(cases, plan, n_threads, directory),
        "precision": lambda: measure_precision(cases, plan, n_threads, directory),
        "weights": lambda: measure_weights(hosts, plan, directory),
        "scratch": lambda: measure_scratch(hosts, cases, plan, directory),
        "prediction": lambda: measure_prediction(hosts, plan),
        "memory": lambda: measure_memory(n_threads),
        "imports": lambda: measure_imports(n_threads),
        "growth": lambda: measure_growth(hosts, plan, directory),
        "acceleration": lambda: measure_acceleration(hosts, directory),
        "bayesian": lambda: measure_bayesian(hosts, plan, directory),
        "service": lambda: measure_service(n_threads, directory),
        "stream": lambda: measure_stream(plan, n_threads),
        "large_file": lambda: measure_large_file(n_threads, directory),
        "dask": lambda: measure_dask(plan, n_threads),
    }
    without = plan.left_out(n_threads)
    for name in options.parts or [part for part in PARTS if part not in without]:
        start = time.perf_counter()
        try:
            setattr(results, name, parts[name]())
        except RequestError as error:
            results.skipped[name] = str(error)
            print(f"{name} is skipped: {error}", file=sys.stderr)
        results.durations[name] = round(time.perf_counter() - start, 1)
        yield f"{name}: {results.durations[name]:.0f} s"


def keep(
    rows: Iterator[list[Measurement]], measurements: list[Measurement], save: Callable[[], None]
) -> list[Measurement]:
    """Append each row of the longest part to the measurements and save it; return all of them."""
    for row in rows:
        measurements += row
        save()
    return measurements


def write(results: Results, stem: Path) -> None:
    """Write the report and the picture; print the report."""
    text = markdown(results)
    stem.with_suffix(".md").write_text(text, encoding="utf-8")
    if results.iterations:
        try:
            from bench.report.picture import draw  # noqa: PLC0415 - optional
        except ImportError as error:
            print(f"no picture: {error}", file=sys.stderr)
        else:
            draw(results, stem.with_suffix(".png"))
    print(text)
    print(f"written to {stem}.md, .json and .png", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
