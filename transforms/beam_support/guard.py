"""A guarded ParDo: a bad element costs one failure row, whatever it does to the process.

With `use_subprocess` the work runs in a child process, so that a segfault, an `_exit`, a hang or running out of memory
or time ends the child and not the worker. An exception comes back from the child as a value, because one that fails to
unpickle would look like a crash. Counters made in the child are lost, so they are made in the step after it.

With a `memory`, what an earlier run or an earlier try of this one made is found and not made again.
"""

import atexit
import functools
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import forkserver
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.internal import pickler

from schemas.codec import decode_record, encode_record
from schemas.errors import FINAL_KINDS, MEDIA_ERRORS
from schemas.tables import FailureRow
from transforms.beam_support.child_process import ChildProcess, limit_data_memory
from transforms.beam_support.coders import with_kinds
from transforms.beam_support.counters import count
from transforms.beam_support.deletions import delete_files
from transforms.beam_support.failure_rows import STOPS_THE_RUN, Place, failure_row
from transforms.beam_support.find_results import FindResults
from transforms.beam_support.log_records import use_log_format, working_on
from transforms.beam_support.outcome import Outcome, encoded, result_kinds
from transforms.beam_support.progress_marks import ProgressMark, leave_mark
from transforms.beam_support.results import Memory
from transforms.beam_support.source_cache import release
from transforms.beam_support.storage import local_path
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.beam_support.worker_tallies import ElementTime, record_time, write_tally

# Beam starts the child by the default method. With fork it could hang where the parent's native libraries have threads;
# a fork server has none, and imports Beam once for all the children of a worker, those after a crash included.
# Its socket lies in the folder for temporary files; where its path is longer than the 107 bytes of a socket's name, the
# children are spawned.
_SOCKET_NAME = "/pymp-00000000/listener-00000000"
_HAS_SHORT_PATH = len(os.fsencode(tempfile.gettempdir() + _SOCKET_NAME)) <= 107
multiprocessing.set_start_method("forkserver" if _HAS_SHORT_PATH else "spawn", force=True)
multiprocessing.set_forkserver_preload([__name__])
atexit.register(forkserver._forkserver._stop)  # type: ignore[attr-defined]  # this process answers for its CPU time


class GuardedOutputs(NamedTuple):
    """Outputs of Guarded."""

    results: beam.PCollection[Any]
    failures: beam.PCollection[FailureRow]


class BugFound(Exception):
    """A failure of kind bug under --fail_fast."""


@dataclass
class Guarded(beam.PTransform):
    """Run `work` on each element; its results, and a FailureRow for each element that failed."""

    work: beam.DoFn  # setup and process(element): no teardown, tags, side inputs or bundles
    stage: str
    place: Callable[[Any], Place]
    use_subprocess: bool = False
    cpu_s: float = 3600.0  # CPU time of each element in the child; that of the first includes `setup`
    memory_mb: int | None = None  # data memory of the child
    fail_fast: bool = False  # a bug stops the run
    staging: str = ""  # where failures are marked for the progress line; "": nowhere
    store: StoreOptions = DEFAULT_STORE  # of the work
    fetch: Callable[[Any], str] | None = None  # uri of a file that the worker fetches before the child needs it
    memory: Memory | None = None  # of results; None: each element is worked on

    def expand(self, elements: beam.PCollection[Any]) -> GuardedOutputs:
        """See beam.PTransform."""
        kinds = result_kinds(self.work)
        memory_mb = self.memory_mb if self.use_subprocess else None  # without a child it would limit the worker
        calls = _CatchErrors(self.work, self.stage, self.place, memory_mb, self.use_subprocess, self.store, self.memory)
        find = FindResults(self.memory, kinds, self.place) if self.memory is not None else None
        run = _InChild(calls, self.cpu_s, self.store.patience_s) if self.use_subprocess else calls
        take = _FindOrRun(find, self.fetch, run, self.store)
        outcomes = elements | "Run" >> beam.ParDo(take).with_output_types(Outcome)
        settle = _Settle(self.stage, self.fail_fast, self.staging, kinds, self.memory, self.store)
        settled = outcomes | "Settle" >> beam.ParDo(settle).with_outputs("failures", main="results")
        made = self.work.get_type_hints().simple_output_type(self.stage)
        with_kinds(settled, results=made, failures=FailureRow)
        return GuardedOutputs(settled.results, settled.failures)


class _FindOrRun(beam.DoFn):
    """Takes a stored outcome, or fetches the file and runs the work.

    It is one step, for steps after a Flatten would begin when all elements are done: no progress would be seen. The
    file is fetched in the worker, so that neither a slow store nor an outage costs the time that the child has.
    """

    def __init__(
        self,
        find: FindResults | None,
        fetch: Callable[[Any], str] | None,
        run: "_InChild | _CatchErrors",
        store: StoreOptions,
    ):
        self._find, self._fetch, self._run, self._store = find, fetch, run, store

    def setup(self) -> None:
        self._store.use()
        use_log_format()
        self._run.setup()

    def process(self, element: Any) -> Iterator[Outcome]:
        found = self._find.outcome_of(element) if self._find is not None else None
        if found is not None:
            yield found
            return
        if self._fetch is not None:
            with suppress(*MEDIA_ERRORS):  # the work meets the same one, and says so
                local_path(self._fetch(element))
        try:
            yield from self._run.process(element)
        finally:
            release()

    def teardown(self) -> None:
        self._run.teardown()


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
        memory: Memory | None,
    ):
        self._work, self._stage, self._place, self._memory_mb = work, stage, place, memory_mb
        self._store, self._memory = store, memory
        self._is_alone = is_alone  # in its process; in the worker, threads of Beam's run beside it
        self._ready = False

    def process(self, element: Any) -> Iterator[Outcome]:
        began_nsec, began = time.monotonic_ns(), self._cpu_usec()
        ready, place = began, self._place(element)
        try:
            self._set_up()
            ready = self._cpu_usec()
            with working_on(self._stage, place.source_id, place.source_uri, place.window_index):
                outcome = Outcome(results=tuple(map(encoded, self._work.process(element) or ())))
        except STOPS_THE_RUN as error:
            outcome = Outcome(stop=type(error).__name__, stop_text=str(error))
        except Exception as error:  # becomes a failure row
            outcome = Outcome(failure=self.failed(element, error))
        finally:
            release()
        if self._memory is not None:
            outcome = replace(outcome, key=self._memory.key(element), spent_uri=self._memory.spent(element))
        outcome = replace(outcome, cpu_usec=self._cpu_usec() - ready, setup_cpu_usec=ready - began)
        yield self.timed(outcome, element, began_nsec)

    def timed(self, outcome: Outcome, element: Any, began_nsec: int) -> Outcome:
        """The outcome with what was worked on, and the time since it began."""
        place = self._place(element)
        return replace(
            outcome,
            wall_usec=(time.monotonic_ns() - began_nsec) // 1000,
            source_id=place.source_id,
            source_uri=place.source_uri,
            window_index=place.window_index,
        )

    def failed(self, element: Any, error: Exception) -> FailureRow:
        """The row of an element that raised, or of one that ended the child."""
        return failure_row(error, self._stage, self._place(element))

    def _cpu_usec(self) -> int:
        return (time.process_time_ns() if self._is_alone else time.thread_time_ns()) // 1000

    def _set_up(self) -> None:
        if self._ready:
            return
        if self._memory_mb is not None:
            limit_data_memory(self._memory_mb)
        self._store.use()
        use_log_format()
        self._work.setup()
        self._ready = True


class _InChild(beam.DoFn):
    """Runs calls in a child process; of an element that ended it, the outcome is made here."""

    def __init__(self, calls: _CatchErrors, cpu_s: float, wait_s: float):
        self._calls, self._cpu_s, self._wait_s = calls, cpu_s, wait_s

    def setup(self) -> None:
        self._pickled = pickler.dumps(self._calls)
        self._child = ChildProcess(self._cpu_s, wait_s=self._wait_s, start_method=None)

    def process(self, element: Any) -> Iterator[Outcome]:
        began_nsec = time.monotonic_ns()
        try:
            outcome = self._child.call(_outcome_of, self._pickled, element)
        except Exception as error:  # becomes a failure row
            outcome = self._calls.timed(Outcome(failure=self._calls.failed(element, error)), element, began_nsec)
        yield outcome

    def teardown(self) -> None:
        self._child.close()


def _outcome_of(pickled: bytes, element: Any) -> Outcome:
    [outcome] = _unpickled(pickled).process(element)
    return outcome


@functools.lru_cache(maxsize=1)
def _unpickled(pickled: bytes) -> _CatchErrors:
    return pickler.loads(pickled)


class _Settle(beam.DoFn):
    """Stores results, counts outcomes, and separates results from failures."""

    def __init__(
        self,
        stage: str,
        fail_fast: bool,
        staging: str,
        kinds: dict[str, type],
        memory: Memory | None,
        store: StoreOptions,
    ):
        self._stage, self._fail_fast, self._staging = stage, fail_fast, staging
        self._kinds, self._memory, self._store = kinds, memory, store

    def setup(self) -> None:
        self._store.use()

    def finish_bundle(self) -> None:
        write_tally(self._staging)

    def process(self, outcome: Outcome) -> Iterator[Any]:
        count(self._stage, "in")
        count(self._stage, "cpu_usec", outcome.cpu_usec)
        count(self._stage, "setup_cpu_usec", outcome.setup_cpu_usec)
        if outcome.stop:
            (error,) = (error for error in STOPS_THE_RUN if error.__name__ == outcome.stop)
            raise error(outcome.stop_text)
        results: list[Any] = [decode_record(record, self._kinds[name]) for name, record in outcome.results]
        self._store_result(outcome, results)
        if outcome.source_id:
            record_time(self._staging, _element_time(self._stage, outcome))
        if outcome.failure is None:
            count(self._stage, "out", len(results))
            yield from results
            return
        count(self._stage, f"failed_{outcome.failure.kind}")
        if self._fail_fast and outcome.failure.kind == "bug":
            raise BugFound(outcome.failure.message)
        failed = outcome.failure
        mark = ProgressMark(stage=self._stage, source_id=failed.source_id, window_index=failed.window_index, failed=1)
        leave_mark(self._staging, mark)
        yield beam.pvalue.TaggedOutput("failures", failed)

    def _store_result(self, outcome: Outcome, results: list[Any]) -> None:
        """Store what is final, and delete what is not needed any more."""
        if self._memory is None or (outcome.failure is not None and outcome.failure.kind not in FINAL_KINDS):
            return
        if outcome.is_stored:
            count(self._stage, "found")
        else:
            nameless = tuple(encoded(self._memory.nameless(record)) for record in results)
            stored = Outcome(results=nameless, failure=outcome.failure)
            self._memory.results.save(outcome.key, encode_record(stored))
        if outcome.spent_uri:
            delete_files([outcome.spent_uri])


def _element_time(stage: str, outcome: Outcome) -> ElementTime:
    return ElementTime(
        stage=stage,
        source_id=outcome.source_id,
        source_uri=outcome.source_uri,
        window_index=outcome.window_index,
        wall_s=round(outcome.wall_usec / 1e6, 3),
        cpu_s=round(outcome.cpu_usec / 1e6, 3),
    )
