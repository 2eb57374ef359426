"""Dask as an engine: functions on the blocks of a collection, merged in a tree."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import dask
import distributed
from dask.delayed import delayed
from distributed.client import FuturesCancelledError

from gmmx.dask.blocks import Block
from gmmx.dask.worker import run_on_block
from gmmx.samples.partitions import Engine, Partition, merge_in_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")
Places = Mapping[Any, Sequence[str]]  # the addresses of the workers that hold each block

SECONDS_TO_LOOK = 0.5  # between two looks whether a worker that holds a block was lost
MOST_RESTARTS = 10  # of one pass; after as many, workers would go on dying


def engine_of(
    client: Any, blocks: Sequence[Block], estimator_name: str, most_threads: int | None
) -> Engine:
    """Return the engine that runs functions on blocks.

    Parameters
    ----------
    client : distributed.Client or None
        None stands for the current client or, if there is none, for the scheduler in use.
    blocks : sequence of Block
        The partitions.
    estimator_name : str
        Name of the estimator's class, for messages.
    most_threads : int or None
        Largest number of threads of a pass over a block.

    Returns
    -------
    ClientEngine or SchedulerEngine
    """
    if client is None:
        try:
            client = distributed.get_client()
        except ValueError:
            return SchedulerEngine(blocks, estimator_name, most_threads)
    return ClientEngine(client, blocks, estimator_name, most_threads)


class ClientEngine:
    """The workers of a Dask cluster.

    Blocks stay on the workers that hold them: a task is restricted to the worker of its block. If
    this worker is lost, Dask computes the block again and the engine repeats the pass.

    Parameters
    ----------
    client : distributed.Client
        The client of the cluster.
    blocks : sequence of Block
        The partitions. Blocks that were persisted are used where they are; others are computed and
        kept until the engine is deleted.
    estimator_name : str
        Name of the estimator's class, for messages.
    most_threads : int or None
        Largest number of threads of a pass over a block.
    """

    def __init__(
        self, client: Any, blocks: Sequence[Block], estimator_name: str, most_threads: int | None
    ) -> None:
        self.client = client
        self.rows = client.compute([block.X for block in blocks])
        self.weights = [
            client.compute(block.weight) if dask.is_dask_collection(block.weight) else block.weight
            for block in blocks
        ]
        self.options = {"estimator_name": estimator_name, "most_threads": most_threads}
        self.places = self._places()

    def map_reduce(self, function: Callable[[Partition], T], merge: Callable[[T, T], T]) -> T:
        """Return the values of a function on all blocks, merged in a tree: see `Engine`."""
        for _ in range(MOST_RESTARTS):
            with self._submitted(function, merge) as result:
                if self._is_finished(result):
                    value: T = result.result()
                    return value
            self.places = self._places()
        raise RuntimeError(
            f"Workers that held partitions were lost in {MOST_RESTARTS} attempts at one pass over "
            "the data. See the logs of the workers; they may need more memory."
        )

    def _places(self) -> Places:
        """Return the places of the blocks, once all are on workers."""
        while True:
            self._wait_for_blocks()
            places: Places = self.client.who_has(self.rows)
            if all(places.values()):
                return places

    def _wait_for_blocks(self) -> None:
        """Wait until all blocks are computed; raise the error of a block that has failed."""
        with suppress(FuturesCancelledError):  # the loop finds the blocks
            distributed.wait(self.rows)
        for number, future in enumerate(self.rows):
            if future.status == "error":
                future.result()
            if future.status == "cancelled":
                raise RuntimeError(
                    f"Partition {number} was lost with its worker and Dask cannot compute it "
                    "again. Load data on the workers, for example with dask.delayed, instead of "
                    "sending them with Client.scatter."
                )

    @contextmanager
    def _submitted(
        self,
        function: Callable[[Partition], T],
        merge: Callable[[T, T], T],
    ) -> Iterator[Any]:
        """Submit the tasks of one pass, and release them at its end, also if it is interrupted."""
        # The function is the result of a task, so that Dask sends it once to each worker and
        # computes it again if its worker is lost.
        values = self._values(self._task(function))
        result = merge_in_tree(values, partial(self.client.map, merge, pure=False))
        try:
            yield result
        finally:
            for future in (result, *values):
                future.release()

    def _values(self, function: Any) -> list[Any]:
        """Submit a function for all blocks, in one message for each place of blocks."""
        numbers_at = defaultdict(list)
        for number, rows in enumerate(self.rows):
            numbers_at[tuple(self.places[rows.key])].append(number)
        values: dict[int, Any] = {}
        for place, numbers in numbers_at.items():
            futures = self.client.map(
                run_on_block, numbers, [self.rows[number] for number in numbers],
                [self.weights[number] for number in numbers], function=function, **self.options,
                workers=list(place), pure=False,
            )  # fmt: skip
            values.update(zip(numbers, futures, strict=True))
        return [values[number] for number in range(len(values))]

    def _task(self, value: object) -> Any:
        """Return a task whose result is a value."""
        with warnings.catch_warnings():
            # Dask warns about values of more than 10 MB; parameters are sent once in each pass.
            warnings.filterwarnings("ignore", message="Sending large graph")
            return self.client.submit(_same, value, pure=False)

    def _is_finished(self, result: Any) -> bool:
        """Wait for the result; return False if a worker that holds a block is lost first."""
        while True:
            try:
                distributed.wait(result, timeout=SECONDS_TO_LOOK)
            except TimeoutError:
                now = self.client.who_has(self.rows)
                if not all({*now[key]} & {*places} for key, places in self.places.items()):
                    return False
            except FuturesCancelledError:
                return False  # a block that cannot be computed again
            else:
                return True


class SchedulerEngine:
    """The scheduler of Dask that is in use, without a cluster.

    Parameters
    ----------
    blocks : sequence of Block
        The partitions, which are computed first and kept in memory.
    estimator_name : str
        Name of the estimator's class, for messages.
    most_threads : int or None
        Largest number of threads of a pass over a block.
    """

    def __init__(
        self, blocks: Sequence[Block], estimator_name: str, most_threads: int | None
    ) -> None:
        self.blocks = dask.persist(*map(tuple, blocks))
        self.options = {"estimator_name": estimator_name, "most_threads": most_threads}

    def map_reduce(self, function: Callable[[Partition], T], merge: Callable[[T, T], T]) -> T:
        """Return the values of a function on all blocks, merged in a tree: see `Engine`."""
        on_block = delayed(run_on_block, pure=False)
        values = [
            on_block(number, rows, weight, function=function, **self.options)
            for number, (rows, weight) in enumerate(self.blocks)
        ]
        result = merge_in_tree(values, partial(map, delayed(merge, pure=False)))
        value: T = result.compute()
        return value


def _same(value: T) -> T:
    """Return the value itself."""
    return value
