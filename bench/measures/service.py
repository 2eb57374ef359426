"""The service of ``examples/service`` under load, with scikit-learn's model and with gmmx's."""

from __future__ import annotations

import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np

from bench.hosts.processes import ROOT, Process, RequestError, environment
from bench.measures.iteration import TOLERANCE
from bench.measures.prediction import fitted, samples
from bench.rivals import GMMX, SKLEARN, Library
from examples.service.server import running

SIZES = (1, 1000)  # rows in a request
CONNECTIONS = 2
SECONDS, ROUNDS = 2, 3  # duration of the load on each service; results are medians over rounds
PATIENCE = 30  # seconds to wait for an answer
SCRIPT = ROOT / "bench" / "hosts" / "service.lua"


def measure_service(n_workers: int, directory: Path) -> list[dict[str, Any]]:
    """Measure both services under load in turn, for each number of rows in a request.

    Parameters
    ----------
    n_workers : int
        Number of worker processes of each service, with one thread each.
    directory : Path
        Folder for the model and the requests.

    Returns
    -------
    list of dict
        ``rows``; ``ratio``, gmmx's requests per second divided by scikit-learn's;
        ``difference`` of the answers; for each library ``requests_per_second``, and ``p50`` and
        ``p99``, quantiles of the seconds until an answer.
    """
    reason = _missing()
    if reason is not None:
        raise RequestError(reason)
    model = directory / "service.gmmx"
    with Process(1) as process:
        process.call(f"{__name__}.save_model", path=str(model))
    try:
        with (
            _running(SKLEARN, n_workers, model) as theirs,
            _running(GMMX, n_workers, model) as ours,
        ):
            addresses = {SKLEARN.key: theirs, GMMX.key: ours}
            return [_measure(addresses, n_rows, directory) for n_rows in SIZES]
    except RuntimeError as error:
        raise RequestError(str(error)) from error


def save_model(path: str) -> None:
    """Write gmmx's model to a file; runs in a process of its own."""
    fitted("gmmx").save(path)


def _missing() -> str | None:
    """Return a message about a missing requirement of the load test, None if there is none."""
    if shutil.which("wrk") is None:
        return "wrk is not installed; apt-get install wrk"
    for module in ("fastapi", "gunicorn", "orjson", "uvicorn_worker"):
        if importlib.util.find_spec(module) is None:
            return f"{module} is not installed; python -m pip install '.[service]'"
    return None


def _running(library: Library, n_workers: int, model: Path) -> AbstractContextManager[str]:
    """Return a context that runs the service with a library's model and yields its address."""
    return running(
        f"--workers={n_workers}", f"--pythonpath={ROOT}", "bench.hosts.service_app:load_app()",
        environment=environment(1) | {"GMMX_MODEL": str(model), "BENCH_LIBRARY": library.key},
    )  # fmt: skip


def _measure(addresses: dict[str, str], n_rows: int, directory: Path) -> dict[str, Any]:
    """Compare the answers of the services, then measure the services under load."""
    body = directory / f"{n_rows}.json"
    body.write_text(json.dumps({"rows": samples(n_rows).tolist()}), encoding="ascii")
    difference = _difference(*(_answer(address, body) for address in addresses.values()))
    if difference > TOLERANCE["float64"]:
        raise RequestError(f"the services' answers differ by {difference:.0e}")
    rounds = [
        {key: _load(address, body) for key, address in addresses.items()} for _ in range(ROUNDS)
    ]
    medians = {
        key: {name: statistics.median(found[key][name] for found in rounds) for name in figures}
        for key, figures in rounds[0].items()
    }
    rates = [[found[key]["requests_per_second"] for found in rounds] for key in addresses]
    ratio = statistics.median(ours / theirs for theirs, ours in zip(*rates, strict=True))
    print(f"service, {n_rows} rows in a request: {ratio:.2f}", file=sys.stderr)
    return {"rows": n_rows, "ratio": ratio, "difference": difference, **medians}


def _answer(address: str, body: Path) -> dict[str, list[Any]]:
    """Return the answer to one request."""
    with urlopen(Request(f"{address}/predict", body.read_bytes()), timeout=PATIENCE) as response:
        return json.load(response)


def _difference(theirs: dict[str, list[Any]], ours: dict[str, list[Any]]) -> float:
    """Return the largest difference, relative for numbers above 1."""
    pairs = [(np.array(theirs[name]), np.array(ours[name])) for name in theirs]
    return max(float((abs(a - b) / np.maximum(abs(a), 1)).max()) for a, b in pairs)


def _load(address: str, body: Path) -> dict[str, float]:
    """Send a request repeatedly and return the rates; every answer must be a success."""
    command = [
        "wrk", "--threads=1", f"--connections={CONNECTIONS}", f"--duration={SECONDS}s",
        f"--timeout={PATIENCE}s", f"--script={SCRIPT}", f"{address}/predict", "--", str(body),
    ]  # fmt: skip
    finished = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=SECONDS + 2 * PATIENCE
    )
    if finished.returncode:
        raise RequestError(f"wrk failed: {finished.stderr.strip()}")
    found: dict[str, float] = json.loads(finished.stdout.splitlines()[-1])
    if found.pop("failed"):
        raise RequestError(f"wrk saw requests fail: {finished.stdout.strip()}")
    return found
