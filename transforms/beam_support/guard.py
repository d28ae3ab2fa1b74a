"""A guarded ParDo: a bad element costs one failure row, whatever it does to the process.

With `use_subprocess` the work runs in a child process, so that a segfault, an `_exit`, a hang or running out of memory
ends the child and not the worker. An exception comes back from the child as a value, because one that fails to unpickle
would look like a crash. Counters made in the child are lost, so they are made in the step after it.
"""

import atexit
import multiprocessing
import os
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import forkserver
from typing import Any, NamedTuple

import apache_beam as beam

from schemas.errors import MEDIA_ERRORS, IntegrityError, LimitExceeded, StorageError, UsageError
from schemas.tables import FailureRow
from transforms.beam_support.child_process import limit_data_memory
from transforms.beam_support.counters import count
from transforms.beam_support.source_cache import CACHED, release
from transforms.beam_support.storage import is_local, local_path, path_of
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.media.progress_marks import ProgressMark, leave_mark
from transforms.media.source_names import named_text

# Beam starts the child by the default method. With fork it could hang where the parent's native libraries have threads;
# a fork server has none, and imports Beam once for all the children of a worker, those after a crash included.
# Its socket lies in the folder for temporary files; where its path is longer than the 107 bytes of a socket's name, the
# children are spawned.
_SOCKET_NAME = "/pymp-00000000/listener-00000000"
_HAS_SHORT_PATH = len(os.fsencode(tempfile.gettempdir() + _SOCKET_NAME)) <= 107
multiprocessing.set_start_method("forkserver" if _HAS_SHORT_PATH else "spawn", force=True)
multiprocessing.set_forkserver_preload([__name__])
atexit.register(forkserver._forkserver._stop)  # type: ignore[attr-defined]  # this process answers for its CPU time

STOPS_THE_RUN = (StorageError, IntegrityError, UsageError)
"""Errors that are not of one element: no failure row, the bundle fails."""
_CHILD_ENDED, _OUT_OF_TIME = "crash", "timeout"
KINDS = (*(error.kind for error in MEDIA_ERRORS), _CHILD_ENDED, _OUT_OF_TIME, "bug")
"""Every kind that a failure row can have."""


class Place(NamedTuple):
    """Source and window of an element, for its failure row."""

    source_id: str
    source_uri: str  # as tables have it
    window_index: int = -1  # -1: the whole source
    read_from: str = ""  # where messages may say that it lies


class GuardedOutputs(NamedTuple):
    """Outputs of Guarded."""

    results: beam.PCollection[Any]
    failures: beam.PCollection[FailureRow]


class BugFound(Exception):
    """A failure of kind bug under --fail_fast."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of one element: results, or a failure, or an error that must stop the run; and the CPU time it took."""

    results: tuple[Any, ...] = ()
    failure: FailureRow | None = None
    stop: Exception | None = None
    cpu_usec: int = 0
    setup_cpu_usec: int = 0  # of the work's `setup`, at the first element of a process


@dataclass
class Guarded(beam.PTransform):
    """Run `work` on each element; its results, and a FailureRow for each element that failed."""

    work: beam.DoFn  # setup, process(element) and teardown: no tags, side inputs or bundles
    stage: str
    place: Callable[[Any], Place]
    use_subprocess: bool = False
    timeout_s: float | None = None  # for each element in the child; that of the first includes `setup`
    memory_mb: int | None = None  # data memory of the child
    fail_fast: bool = False  # a bug stops the run
    staging: str = ""  # where failures are marked for the progress line; "": nowhere
    store: StoreOptions = DEFAULT_STORE  # of the work
    fetch: Callable[[Any], str] | None = None  # uri of a file that the worker fetches before the child needs it

    def expand(self, elements: beam.PCollection[Any]) -> GuardedOutputs:
        """See beam.PTransform."""
        result_type = self.work.get_type_hints().simple_output_type(self.stage) or Any
        memory_mb = self.memory_mb if self.use_subprocess else None  # without a child it would limit the worker
        store = self.store.within(self.timeout_s) if self.timeout_s and self.use_subprocess else self.store
        calls = beam.ParDo(_CatchErrors(self.work, self.stage, self.place, memory_mb, self.use_subprocess, store))
        settle = _Settle(self.stage, self.fail_fast, self.staging)
        if self.fetch is not None:
            elements |= "Fetch" >> beam.ParDo(_Fetch(self.fetch, self.store)).with_output_types(elements.element_type)
        if self.use_subprocess:
            caught = elements | "Run" >> calls.with_exception_handling(
                main_tag="ran", dead_letter_tag="died", use_subprocess=True, timeout=self.timeout_s
            )
            died = caught.died | "Explain" >> beam.Map(_why_it_died, self.stage, self.place, self.timeout_s)
            outcomes = (caught.ran, died) | beam.Flatten()
        else:
            outcomes = elements | "Run" >> calls
        settled = outcomes | "Settle" >> beam.ParDo(settle).with_outputs("failures", main="results")
        settled.results.element_type = result_type
        settled.failures.element_type = FailureRow
        return GuardedOutputs(settled.results, settled.failures)


class _Fetch(beam.DoFn):
    """Fetches in the worker, so that neither a slow store nor an outage costs the time that the child has."""

    def __init__(self, fetch: Callable[[Any], str], store: StoreOptions):
        self._fetch, self._store = fetch, store

    def setup(self) -> None:
        self._store.use()

    def process(self, element: Any) -> Iterator[Any]:
        with suppress(*MEDIA_ERRORS):  # the work meets the same one, and says so
            local_path(self._fetch(element))
        try:
            yield element
        finally:
            release()


class _CatchErrors(beam.DoFn):
    """Runs the work and returns its outcome as a value; sets up at the first element, where errors are caught."""

    def __init__(
        self,
        work: beam.DoFn,
        stage: str,
        place: Callable[[Any], Place],
        memory_mb: int | None,
        is_alone: bool,
        store: StoreOptions,
    ):
        self._work, self._stage, self._place, self._memory_mb = work, stage, place, memory_mb
        self._store = store
        self._is_alone = is_alone  # in its process; in the worker, threads of Beam's run beside it
        self._ready = False

    def process(self, element: Any) -> Iterator[Outcome]:
        began = ready = self._cpu_usec()
        try:
            self._set_up()
            ready = self._cpu_usec()
            outcome = Outcome(results=tuple(self._work.process(element) or ()))
        except STOPS_THE_RUN as error:
            outcome = Outcome(stop=error)
        except Exception as error:  # becomes a failure row
            outcome = Outcome(failure=failure_row(error, self._stage, self._place(element)))
        finally:
            release()
        yield replace(outcome, cpu_usec=self._cpu_usec() - ready, setup_cpu_usec=ready - began)

    def _cpu_usec(self) -> int:
        return (time.process_time_ns() if self._is_alone else time.thread_time_ns()) // 1000

    def teardown(self) -> None:
        if self._ready:
            self._work.teardown()

    def _set_up(self) -> None:
        if self._ready:
            return
        if self._memory_mb is not None:
            limit_data_memory(self._memory_mb)
        self._store.use()
        self._work.setup()
        self._ready = True


class _Settle(beam.DoFn):
    """Counts outcomes, and separates results from failures."""

    def __init__(self, stage: str, fail_fast: bool, staging: str):
        self._stage, self._fail_fast, self._staging = stage, fail_fast, staging

    def process(self, outcome: Outcome) -> Iterator[Any]:
        count(self._stage, "in")
        count(self._stage, "cpu_usec", outcome.cpu_usec)
        count(self._stage, "setup_cpu_usec", outcome.setup_cpu_usec)
        if outcome.stop is not None:
            raise outcome.stop
        if outcome.failure is None:
            count(self._stage, "out", len(outcome.results))
            yield from outcome.results
            return
        count(self._stage, f"failed_{outcome.failure.kind}")
        if self._fail_fast and outcome.failure.kind == "bug":
            raise BugFound(outcome.failure.message)
        leave_mark(
            self._staging,
            ProgressMark(
                stage=self._stage,
                source_id=outcome.failure.source_id,
                window_index=outcome.failure.window_index,
                failed=1,
            ),
        )
        yield beam.pvalue.TaggedOutput("failures", outcome.failure)


def failure_row(error: Exception, stage: str, place: Place) -> FailureRow:
    """Row of a caught exception: of the exception's kind where the file is to blame, else a bug with its traceback."""
    if isinstance(error, MEDIA_ERRORS):
        return _row(error.kind, str(error), stage, place, error.attempts)
    if isinstance(error, MemoryError):
        return _row(LimitExceeded.kind, "needs more memory than limits.memory_mb allows", stage, place)
    return _row("bug", "".join(traceback.format_exception(error)), stage, place)


def _why_it_died(
    dead: tuple[Any, tuple[type, str, list[str]]], stage: str, place: Callable[[Any], Place], timeout_s: float | None
) -> Outcome:
    element, (error_type, error_text, trace) = dead
    if issubclass(error_type, BrokenProcessPool):
        row = _row(_CHILD_ENDED, "the process that worked on it died: a native decoder crashed", stage, place(element))
    elif issubclass(error_type, TimeoutError):
        row = _row(_OUT_OF_TIME, f"took longer than {timeout_s:g} s", stage, place(element))
    else:
        row = _row("bug", "".join(trace) or error_text, stage, place(element))
    return Outcome(failure=row)


def _places(uri: str) -> tuple[str, ...]:
    return (uri, path_of(uri)) if is_local(uri) else (uri,)


def _row(kind: str, message: str, stage: str, place: Place, attempts: int = 1) -> FailureRow:
    message = named_text(CACHED.sub(lambda _: place.source_uri, message), _places(place.read_from), place.source_uri)
    message = message.encode(errors="backslashreplace").decode()  # a path in it may have bytes that are no UTF-8
    return FailureRow(
        stage=stage,
        kind=kind,
        message=message,
        source_id=place.source_id,
        source_uri=place.source_uri,
        window_index=place.window_index,
        attempts=attempts,
    )
