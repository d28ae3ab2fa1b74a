"""What each worker process has counted so far, and its slowest elements: one small object a process in staging.

It is written again now and then and at the end of each bundle. So a run's counters and its slowest sources and windows
are known while it runs, from wherever, at the cost of one object a process, however many windows there are.
"""

import heapq
import json
import os
import threading
import time
import uuid
from collections import Counter
from dataclasses import asdict, dataclass

from transforms.beam_support import storage
from transforms.beam_support.counters import counted, forget_counted

FOLDER = "workers"
KEPT_VARIABLE = "TALKSHARD_KEPT_TIMES"
KEPT = 10  # slowest elements of a stage; the variable sets another number
WRITE_INTERVAL_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementTime:
    """What one source or window took in one stage."""

    stage: str
    source_id: str
    source_uri: str  # as tables have it
    window_index: int  # -1: the whole source
    wall_s: float
    cpu_s: float  # 0 where the process that worked on it was ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The counts and the slowest elements of one process, or of all processes of a run."""

    counters: dict[str, int]  # STAGE/COUNTER -> value; an element that was tried again counts twice
    slowest: tuple[ElementTime, ...]  # of each stage, slowest first


class _Process:
    """The tally of this process."""

    def __init__(self) -> None:
        self.name = uuid.uuid4().hex
        self.written_at = time.monotonic()
        self.lock = threading.Lock()
        self.slowest: dict[str, list[ElementTime]] = {}


_own = _Process()


def record_time(staging: str, element: ElementTime) -> None:
    """Keep the time of one element, if it is among the slowest; nothing where `staging` is ""."""
    if not staging:
        return
    with _own.lock:
        kept = [*_own.slowest.get(element.stage, []), element]
        _own.slowest[element.stage] = heapq.nlargest(num_kept(), kept, key=_wall_s)
        is_due = time.monotonic() - _own.written_at >= WRITE_INTERVAL_S
    if is_due:
        write_tally(staging)


def write_tally(staging: str) -> None:
    """Write this process's tally; nothing where `staging` is "". StorageError: staging cannot be written."""
    if not staging:
        return
    with _own.lock:
        _own.written_at = time.monotonic()
        slowest = [asdict(element) for elements in _own.slowest.values() for element in elements]
    tally = {"counters": counted(), "slowest": slowest}
    storage.write_once(storage.join(staging, FOLDER, f"{_own.name}.json"), json.dumps(tally).encode())


def read_tally(staging: str) -> Tally:
    """The tallies of all processes of a run together; empty where there are none."""
    counters: Counter[str] = Counter()
    slowest: dict[str, list[ElementTime]] = {}
    for uri in storage.list_files(storage.join(staging, FOLDER)):
        if not uri.endswith(".json"):
            continue  # a file that is being written
        stored = json.loads(storage.read_bytes(uri))
        counters.update(stored["counters"])
        for element in (ElementTime(**fields) for fields in stored["slowest"]):
            kept = [*slowest.get(element.stage, []), element]
            slowest[element.stage] = heapq.nlargest(num_kept(), kept, key=_wall_s)
    return Tally(
        counters=dict(counters), slowest=tuple(element for stage in sorted(slowest) for element in slowest[stage])
    )


def tally_record(tally: Tally) -> dict[str, object]:
    """What run.json holds of a run's tally."""
    return {"cpu_s": cpu_s_of_stages(tally), "slowest": [asdict(element) for element in tally.slowest]}


def cpu_s_of_stages(tally: Tally) -> dict[str, float]:
    """Stage -> CPU seconds of its work, with those to set it up."""
    found: Counter[str] = Counter()
    for name, value in tally.counters.items():
        stage, _, counter = name.partition("/")
        if counter in ("cpu_usec", "setup_cpu_usec"):
            found[stage] += value
    return {stage: round(usec / 1e6, 3) for stage, usec in sorted(found.items())}


def forget_tally() -> None:
    """Begin again in this process: another run begins in it."""
    global _own
    _own = _Process()
    forget_counted()


def num_kept() -> int:
    """How many elements of a stage are kept."""
    return int(os.environ.get(KEPT_VARIABLE, KEPT))


def _wall_s(element: ElementTime) -> float:
    return element.wall_s
