"""A bad element costs one failure row; the others are processed."""

import ctypes
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.metrics import MetricsFilter
from apache_beam.testing.util import assert_that, equal_to

from schemas.errors import MEDIA_ERRORS, DamagedMedia, IntegrityError, LimitExceeded, NotMedia, StorageError
from schemas.tables import FailureRow
from transforms.beam_support import guard, storage
from transforms.beam_support.failure_rows import KINDS, Place, failure_row
from transforms.beam_support.guard import Guarded
from transforms.beam_support.outcome import Outcome
from transforms.beam_support.stores import StoreOptions


class Misbehave(beam.DoFn):
    def setup(self) -> None:
        self.model = 10

    def process(self, element: str) -> Iterator[int]:
        if element == "segfault":
            ctypes.string_at(0)
        if element == "exit":
            os._exit(3)
        if element == "hang":
            threading.Event().wait()
        if element in ("compute", "memory"):
            bytearray(3_000_000_000) if element == "memory" else sum(range(10**12))
        if element == "memory error":
            raise MemoryError
        if element == "not media":
            raise NotMedia("x.mp4: no streams")
        if element == "bug":
            raise KeyError("left out")
        if element == "disk":
            raise StorageError("cannot write 'x': No space left on device")
        if element == "half":
            yield -1
            raise DamagedMedia("x.mp4: frame 7")
        yield self.model + len(element)


class BrokenSetup(Misbehave):
    def setup(self) -> None:
        raise FileNotFoundError("model.onnx")


class Busy(beam.DoFn):
    """Computes for 0.1 s to set up, and for 0.2 s with each element."""

    def setup(self) -> None:
        self._compute(0.1)

    def process(self, element: str) -> Iterator[str]:
        self._compute(0.2)
        yield element

    def _compute(self, cpu_s: float) -> None:
        end = time.thread_time() + cpu_s
        while time.thread_time() < end:
            pass


def place(element: str) -> Place:
    return Place("id-" + element, f"/in/{element}.mp4", 4)


def run(elements, checks, **settings):
    pipeline = beam.Pipeline("FnApiRunner")
    settings = {"work": Misbehave()} | settings
    outputs = pipeline | beam.Create(elements) | Guarded(stage="watch", place=place, **settings)
    for name, check in checks.items():
        assert_that(getattr(outputs, name), check, label=name)
    result = pipeline.run()
    return {
        counter.key.metric.name: counter.committed
        for counter in result.metrics().query(MetricsFilter().with_namespace("watch"))["counters"]
    }


def kinds(expected):
    def check(rows):
        assert sorted((row.source_id, row.kind) for row in rows) == sorted(expected), rows

    return check


@pytest.mark.parametrize(
    ("element", "kind"), [("segfault", "crash"), ("exit", "crash"), ("hang", "timeout"), ("compute", "timeout")]
)
def test_an_element_that_kills_or_blocks_the_process_fails_alone(element, kind):
    counters = run(
        ["a", element, "bbb"],
        {"results": equal_to([11, 13]), "failures": kinds([("id-" + element, kind)])},
        use_subprocess=True,
        cpu_s=0.5,
        store=StoreOptions(patience_s=0.0),
    )
    assert {name: value for name, value in counters.items() if not name.endswith("cpu_usec")} == {
        "in": 3,
        "out": 2,
        "failed_" + kind: 1,
    }


@pytest.mark.parametrize("use_subprocess", [True, False])
def test_the_cpu_time_of_setup_and_of_the_elements_is_counted(use_subprocess):
    counters = run(["a", "bbb"], {}, work=Busy(), use_subprocess=use_subprocess)
    assert 100_000 <= counters["setup_cpu_usec"] < 200_000
    assert 400_000 <= counters["cpu_usec"] < 500_000


def test_an_element_that_needs_too_much_memory_fails_as_a_limit():
    run(
        ["a", "memory", "bbb"],
        {"results": equal_to([11, 13]), "failures": kinds([("id-memory", "limit")])},
        use_subprocess=True,
        memory_mb=2500,
    )


@pytest.mark.parametrize("use_subprocess", [True, False])
def test_errors_keep_their_kind_with_and_without_a_child(use_subprocess):
    elements = ["a", "not media", "half", "bug", "memory error", "bbb"]
    expected = [("id-not media", "not_media"), ("id-half", "damaged"), ("id-bug", "bug"), ("id-memory error", "limit")]
    run(elements, {"results": equal_to([11, 13]), "failures": kinds(expected)}, use_subprocess=use_subprocess)


def test_a_failure_row_names_the_place_and_a_bugs_has_the_traceback():
    def check(rows):
        (row,) = rows
        assert (row.stage, row.source_uri, row.window_index, row.attempts) == ("watch", "/in/bug.mp4", 4, 1)
        assert "Traceback" in row.message and "KeyError: 'left out'" in row.message

    run(["bug"], {"failures": check})


def test_a_set_up_that_fails_fails_every_element_as_a_bug():
    run(
        ["a", "bbb"],
        {"results": equal_to([]), "failures": kinds([("id-a", "bug"), ("id-bbb", "bug")])},
        work=BrokenSetup(),
        use_subprocess=True,
    )


def test_fail_fast_stops_at_a_bug():
    with pytest.raises(Exception, match="left out"):
        run(["bug"], {}, fail_fast=True)


def test_fail_fast_lets_bad_media_pass():
    run(["not media"], {"failures": kinds([("id-not media", "not_media")])}, fail_fast=True)


@pytest.mark.parametrize("use_subprocess", [True, False])
def test_a_full_disk_stops_the_run(use_subprocess):
    with pytest.raises(StorageError, match="No space left"):
        run(["disk"], {}, use_subprocess=use_subprocess)


@pytest.mark.parametrize("error", [*MEDIA_ERRORS, LimitExceeded, StorageError, IntegrityError])
def test_every_kind_of_error_survives_pickling(error):
    again = pickle.loads(pickle.dumps(error("what, where, expected")))
    assert type(again) is error and str(again) == "what, where, expected"


@pytest.mark.parametrize("kind", KINDS)
def test_an_outcome_of_every_kind_survives_pickling(kind):
    row = FailureRow(stage="s", kind=kind, message="m", source_id="i", source_uri="u", window_index=-1, attempts=1)
    assert pickle.loads(pickle.dumps(Outcome(failure=row))) == Outcome(failure=row)


@pytest.mark.parametrize(("num_letters", "method"), [(1, "forkserver"), (90, "spawn")])
def test_in_a_folder_for_temporary_files_with_a_long_path_children_are_spawned(num_letters, method):
    code = "import multiprocessing, transforms.beam_support.guard; print(multiprocessing.get_start_method())"
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        temporary = Path(folder, "x" * num_letters)
        temporary.mkdir()
        environment = {**os.environ, "TMPDIR": str(temporary)}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [method]


def uri_of(element):
    return f"memory://b/{element}"


def test_a_file_is_fetched_before_the_child_and_one_that_is_not_there_is_left_to_the_work(monkeypatch):
    asked = []
    monkeypatch.setattr(guard, "local_path", lambda uri: asked.append(uri) or storage.local_path(uri))
    run(["a", "bbb"], {"results": equal_to([11, 13])}, use_subprocess=True, fetch=uri_of)
    assert asked == ["memory://b/a", "memory://b/bbb"]


def test_a_store_that_does_not_answer_fails_the_bundle(monkeypatch):
    def outage(uri):
        raise StorageError("cannot read it (tried 9 times in 900 s)")

    monkeypatch.setattr(guard, "local_path", outage)
    with pytest.raises(Exception, match="cannot read it"):
        run(["a"], {}, use_subprocess=True, fetch=uri_of)


def test_attempts_are_those_of_the_error():
    error = DamagedMedia("x")
    error.attempts = 3
    assert failure_row(error, "s", Place("i", "u")).attempts == 3


def test_a_failure_row_names_the_source_and_not_where_it_was_read():
    copy = f"/tmp/cache/{'0f' * 16}.cached.mp4"
    for text in ("'s3://b/in/x.mp4' is gone", f"{copy!r} is gone"):
        row = failure_row(NotMedia(text), "s", Place("i", "x.mp4", read_from="s3://b/in/x.mp4"))
        assert row.message == "'x.mp4' is gone"


class Follow(beam.DoFn):
    """Asks whether the element before was passed on to the next step."""

    def __init__(self, folder: str):
        self._folder = Path(folder)

    def process(self, element: str) -> Iterator[str]:
        assert element == "0" or (self._folder / str(int(element) - 1)).exists()
        yield element


def leave(element: str, folder: str) -> None:
    Path(folder, element).touch()


@pytest.mark.parametrize("use_subprocess", [True, False])
def test_an_element_is_passed_on_before_the_next_is_worked_on(tmp_path, use_subprocess):
    pipeline = beam.Pipeline("FnApiRunner")
    guarded = Guarded(stage="watch", place=place, work=Follow(str(tmp_path)), use_subprocess=use_subprocess)
    outputs = pipeline | beam.Create(["0", "1", "2"]) | guarded
    outputs.results | beam.Map(leave, str(tmp_path))
    assert_that(outputs.failures, equal_to([]))
    pipeline.run()
    assert len(list(tmp_path.iterdir())) == 3
