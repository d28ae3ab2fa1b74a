"""Wall-clock and CPU time of a piece of work."""

import time
from collections.abc import Callable


def cpu_seconds_of(work: Callable[[], object]) -> float:
    """Run the work once and return the CPU seconds of this process that it took."""
    start = time.process_time()
    work()
    return time.process_time() - start


def seconds_of(work: Callable[[], object]) -> float:
    """Run the work once and return the seconds it took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
