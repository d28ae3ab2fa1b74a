"""A killed build takes what it has made, and so do builds that share a work folder; the bytes stay the same."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from beam_runner import main
from tests.end_to_end.conftest import IN_PROCESS, SMALL_SHARDS, hashes, run
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared

ROOT = Path(__file__).resolve().parents[2]
TWO_WORKERS = ("--direct_running_mode=multi_processing", "--direct_num_workers=2", "--runner=FnApiRunner")
_LIMIT_S = 120.0
pytestmark = [needs_shared, needs_models]


def kill_when(output, inputs, has_come):
    """Start a build and kill all of it once something has come."""
    command = [sys.executable, str(ROOT / "beam_runner.py"), "--output", output, *TWO_WORKERS, *SMALL_SHARDS, "--input"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*map(str, command), *map(str, inputs)], start_new_session=True, **quiet) as build:
        end = time.monotonic() + _LIMIT_S
        while not has_come():
            assert build.poll() is None and time.monotonic() < end, "the build ended before it was killed"
            time.sleep(0.05)
        os.killpg(build.pid, signal.SIGKILL)


def found(output):
    """How many results each stage has found."""
    counters = json.loads((output / "run.json").read_text())["counters"]
    return {name.partition("/")[0]: number for name, number in counters.items() if name.endswith("/found")}


def results(work, stage):
    return list(work.glob(f"v1/{stage}/*/*.result"))


def test_a_killed_build_resumes_and_ends_in_the_same_bytes(inputs, first, tmp_path):
    output, work = tmp_path / "out", tmp_path / "out/.staging/work"
    kill_when(output, inputs, lambda: results(work, "tracked"))
    tracked = len(results(work, "tracked"))
    assert tracked and not (output / "dataset.json").exists()
    assert run(output, *inputs, flags=(*IN_PROCESS, *SMALL_SHARDS)) == 0
    assert hashes(output) == first
    assert found(output)["TrackFaces"] >= tracked and found(output)["PrepareVideos"] == 4  # one of them is no media
    assert not (output / ".staging").exists()


@pytest.fixture(scope="module")
def work(inputs, first, tmp_path_factory):
    """A work folder that a build has filled."""
    folder = tmp_path_factory.mktemp("work")
    assert run(folder / "out", *inputs, flags=(*IN_PROCESS, *SMALL_SHARDS, "--work", str(folder / "work"))) == 0
    assert hashes(folder / "out") == first
    return folder / "work"


def test_another_output_takes_everything_from_the_work_folder(work, inputs, first, tmp_path):
    output = tmp_path / "out"
    assert run(output, *inputs[::-1], flags=(*IN_PROCESS, *SMALL_SHARDS, "--work", str(work))) == 0
    assert hashes(output) == first
    assert found(output) == {"PrepareVideos": 4, "TrackFaces": 3, "FindSpeakers": 3, "CutClips": 3, "FindPeople": 2}


def test_another_threshold_of_the_judge_tracks_no_face_again(work, inputs, tmp_path):
    output, judge = tmp_path / "out", ("--set", "speakers.min_probability=0.55")
    assert run(output, *inputs, flags=(*IN_PROCESS, *SMALL_SHARDS, *judge, "--work", str(work))) == 0
    assert found(output) == {"PrepareVideos": 4, "TrackFaces": 3, "FindPeople": 2}


def test_a_corrected_speaker_decodes_nothing_again(work, inputs, tmp_path):
    table, output = tmp_path / "table.csv", tmp_path / "out"
    table.write_text("uri,speaker,licence\n" + "".join(f"{path},Ann,CC0\n" for path in inputs))
    flags = ["--sources", str(table), "--output", str(output), "--work", str(work), *IN_PROCESS, *SMALL_SHARDS]
    assert main(flags) == 0
    assert found(output) == {"PrepareVideos": 4, "TrackFaces": 3, "FindSpeakers": 3, "CutClips": 3, "FindPeople": 2}
    assert b'"licence": "CC0"' in b"".join(path.read_bytes() for path in (output / "shards").iterdir())


def test_tubes_go_with_their_pack_unless_they_are_kept(inputs, tmp_path):
    kept, output = tmp_path / "kept", tmp_path / "out"
    assert run(kept, inputs[0], flags=(*IN_PROCESS, "--keep_work")) == 0
    work = kept / ".staging/work"
    assert list(work.glob("v1/tracked/*/*.npz")) and not (kept / ".staging/run").exists()
    kill_when(output, inputs, lambda: results(output / ".staging/work", "cut"))
    work = output / ".staging/work"
    assert len(list(work.glob("v1/tracked/*/*.npz"))) < len(results(work, "tracked"))
