"""Where the time goes: milliseconds by step."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Adds up the time spent under each name."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._spent_ns: dict[str, int] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time a block under this name."""
        start = time.perf_counter_ns()
        try:
            yield
        finally:
            self._spent_ns[name] = self._spent_ns.get(name, 0) + time.perf_counter_ns() - start

    def milliseconds(self) -> tuple[tuple[str, int], ...]:
        """(name, milliseconds), sorted by name."""
        return tuple((name, spent // 1_000_000) for name, spent in sorted(self._spent_ns.items()))
