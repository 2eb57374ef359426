"""A process that does what it is asked: ``python -m bench.hosts.worker N_THREADS``.

Each line of standard input is a request in JSON, a function by its dotted name with its arguments;
each line of the former standard output the answer. Only the standard library is imported here, so
that the limits below hold for whatever a request imports.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

MEMORY_SHARE = 0.5  # of the machine's memory, the most that a process may hold


def limit_cores(n_threads: int) -> None:
    """Let this process run on so many cores, which also holds for libraries without a setting."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[-n_threads:])


def limit_memory() -> None:
    """Let allocations fail instead of the machine."""
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - not on Windows

    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = int(MEMORY_SHARE * total)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Call the function that a request names."""
    module, _, name = request["function"].rpartition(".")
    try:
        return {"result": getattr(importlib.import_module(module), name)(**request["arguments"])}
    except Exception as error:  # whatever a library raises is reported
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Answer requests until there are none."""
    limit_cores(int(sys.argv[1]))
    limit_memory()
    # Libraries may print; their output must not mix with answers.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
