"""A process that answers requests: ``python -m bench.hosts.worker N_THREADS``.

Each line of standard input is a request in JSON: the dotted name of a function and its arguments.
The process writes each answer as a line to its original standard output. This module imports only
the standard library, so that the limits are set before a request imports a library.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

MEMORY_SHARE = 0.5  # the share of the machine's memory that a process may hold


def limit_cores(n_threads: int) -> None:
    """Restrict the process to `n_threads` cores, for libraries without a number of threads."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[-n_threads:])


def limit_memory() -> None:
    """Limit the memory, so that allocations fail before the machine runs out of memory."""
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - not on Windows

    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = int(MEMORY_SHARE * total)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Call the function of a request and return its result or its error."""
    module, _, name = request["function"].rpartition(".")
    try:
        return {"result": getattr(importlib.import_module(module), name)(**request["arguments"])}
    except Exception as error:  # libraries may raise any exception
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Answer requests until standard input ends."""
    limit_cores(int(sys.argv[1]))
    limit_memory()
    # Libraries may print: their output must not mix with the answers.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
