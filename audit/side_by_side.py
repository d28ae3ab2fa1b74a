"""One function of many items, in this process or in several, with the answers in the items' order."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

import fsspec

from schemas.errors import StorageError

_AHEAD = 2  # items given out for each process: more would only be held in memory

InOrder = Callable[[Callable[[Any], list[str]], Iterable[Any]], Iterator[list[str]]]
"""in_order(function, items): the lines of each item, one item after another."""


@contextmanager
def side_by_side(processes: int) -> Iterator[InOrder]:
    """A map over items by so many processes; 1: by this one. Items are taken a few ahead of the answers only.

    Functions and items must be picklable. The processes are spawned, so that no lock or thread of this one is in them.
    """
    if processes == 1:
        yield map
        return
    pool = ProcessPoolExecutor(
        processes, multiprocessing.get_context("spawn"), initializer=_use_stores, initargs=(dict(fsspec.config.conf),)
    )
    with pool:
        yield lambda function, items: _answers(pool, function, items, _AHEAD * processes)


def _answers(
    pool: ProcessPoolExecutor, function: Callable[[Any], list[str]], items: Iterable[Any], limit: int
) -> Iterator[list[str]]:
    waiting: deque[Future[list[str]]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) == limit:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise StorageError(
            "a process that checked the dataset died, perhaps for want of memory: try again with fewer --processes"
        ) from error


def _use_stores(conf: dict[str, Any]) -> None:
    """Reach stores as the parent process does."""
    fsspec.config.conf.update(conf)
