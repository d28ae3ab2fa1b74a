"""How long something takes."""

import time
from collections.abc import Callable


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds of the wall clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
