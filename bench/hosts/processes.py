"""Processes for the measurements, one for each library, with equal numbers of threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
LONGEST_CALL = 180  # seconds until a process counts as hung: threads of JAX may wait for ever
PAUSE = 0.1  # seconds until idle threads of other processes sleep


class RequestError(Exception):
    """A process could not answer a request; the message tells the reason."""


class Process:
    """A process that runs `bench.hosts.worker`.

    Parameters
    ----------
    n_threads : int
        Number of threads and cores of the process.
    interpreter : str, default=sys.executable
        Python interpreter of the process.
    longest_call : float, default=LONGEST_CALL
        Seconds after which a call counts as hung.
    """

    def __init__(
        self,
        n_threads: int,
        interpreter: str = sys.executable,
        longest_call: float = LONGEST_CALL,
    ) -> None:
        self.n_threads = n_threads
        self.interpreter = interpreter
        self.longest_call = longest_call
        self._process: subprocess.Popen[str] | None = None
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115

    def call(self, function: str, **arguments: Any) -> Any:
        """Call a function in the process and return its result.

        A process that died or hung is started again by the next call.
        """
        process = self._started()
        if self.n_threads > 1:
            time.sleep(PAUSE)
        assert process.stdin is not None
        assert process.stdout is not None
        hung = threading.Timer(self.longest_call, process.kill)
        hung.start()
        try:
            request = json.dumps({"function": function, "arguments": arguments})
            print(request, file=process.stdin, flush=True)
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            hung.cancel()
        if not line:
            self._stop()
            raise RequestError(f"process ended: {self._last_error()}")
        answer = json.loads(line)
        if "error" in answer:
            raise RequestError(answer["error"])
        return answer["result"]

    def close(self) -> None:
        """End the process."""
        self._stop()
        self._errors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _started(self) -> subprocess.Popen[str]:
        """Return the running process; start it if necessary."""
        if self._process is None:
            self._process = subprocess.Popen(
                [self.interpreter, "-m", "bench.hosts.worker", str(self.n_threads)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
                text=True, cwd=ROOT, env=environment(self.n_threads),
            )  # fmt: skip
        return self._process

    def _stop(self) -> None:
        """End the process if it runs."""
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process = None

    def _last_error(self) -> str:
        """Return the last line of the process on standard error."""
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        return lines[-1] if lines else "no message"


def environment(n_threads: int) -> dict[str, str]:
    """Return environment variables that set the number of threads of every library."""
    variables = dict(os.environ)
    variables.update(dict.fromkeys(THREAD_VARIABLES, str(n_threads)))
    eigen = str(n_threads > 1).lower()
    variables["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={eigen}"
    return variables
