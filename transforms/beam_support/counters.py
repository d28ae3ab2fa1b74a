"""Counters with the stage as namespace: in, out, dropped_<reason>, failed_<kind>, <work>_msec, cpu_usec.

They are Beam metrics, and this process keeps its own sums too, because most runners report metrics only at the end.
"""

import functools
import threading
from collections import Counter

from apache_beam.metrics import Metrics

_counter = functools.lru_cache(maxsize=None)(Metrics.counter)
_distribution = functools.lru_cache(maxsize=None)(Metrics.distribution)
_counted: Counter[str] = Counter()
_lock = threading.Lock()


def count(stage: str, name: str, amount: int = 1) -> None:
    """Add to a counter. It has no effect in the child process of a guarded DoFn: count in the step after it."""
    _counter(stage, name).inc(amount)
    with _lock:
        _counted[f"{stage}/{name}"] += amount


def counted() -> dict[str, int]:
    """What this process has counted: STAGE/COUNTER -> value."""
    with _lock:
        return dict(_counted)


def forget_counted() -> None:
    """Begin again at 0: another run begins in this process."""
    with _lock:
        _counted.clear()


def count_msec(stage: str, work_msec: tuple[tuple[str, int], ...]) -> None:
    """Add (work, milliseconds) to the stage's <work>_msec counters."""
    for work, msec in work_msec:
        count(stage, f"{work}_msec", msec)


def record_score(stage: str, name: str, score: float) -> None:
    """Add one score to its distribution, in thousandths: Beam's distributions hold ints."""
    _distribution(stage, f"{name}_thousandths").update(round(1000 * score))
