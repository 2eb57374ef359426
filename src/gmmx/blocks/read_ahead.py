"""Reading of blocks by another thread."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Read = TypeVar("Read")


def read_ahead(items: Iterator[Read]) -> Iterator[Read]:
    """Yield the items of an iterator; another thread reads the next one meanwhile."""
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="gmmx-read")
    coming = thread.submit(next, items, None)
    try:
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item
    finally:
        thread.shutdown(wait=False, cancel_futures=True)  # an interrupt does not wait for a block
