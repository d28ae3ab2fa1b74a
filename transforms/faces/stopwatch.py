"""Where the time goes: CPU milliseconds by step, of all threads of the process, which does nothing else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

_CPU = "cpu"


class Stopwatch:
    """Adds up the CPU time spent under each name, and of all since it was made."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._spent_ns: dict[str, int] = {}
        self._cpu_start_ns = time.process_time_ns()

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time a block under this name."""
        start = time.process_time_ns()
        try:
            yield
        finally:
            self._spent_ns[name] = self._spent_ns.get(name, 0) + time.process_time_ns() - start

    def milliseconds(self) -> tuple[tuple[str, int], ...]:
        """(name, CPU milliseconds), sorted by name; `cpu` is all since the stopwatch was made."""
        spent = self._spent_ns | {_CPU: time.process_time_ns() - self._cpu_start_ns}
        return tuple((name, nanoseconds // 1_000_000) for name, nanoseconds in sorted(spent.items()))
