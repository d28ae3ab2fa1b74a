"""Wall-clock time of a piece of work."""

import time
from collections.abc import Callable


def seconds_of(work: Callable[[], object]) -> float:
    """Run the work once and return the seconds it took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
