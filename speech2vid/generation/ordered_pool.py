"""A function over many items in threads: results in order, and only a few held at a time."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Results of a function that releases Python's lock, in the order of the items; as many threads as there are cores.

    At most two results a thread are held ahead.
    """
    num_threads = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(num_threads) as pool:
        held: deque[Future[Result]] = deque()
        for item in items:
            held.append(pool.submit(function, item))
            if len(held) > 2 * num_threads:
                yield held.popleft().result()
        while held:
            yield held.popleft().result()
