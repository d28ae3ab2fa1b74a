"""`talkshard status`: how far a run is, and how it ended."""

import json
from contextlib import contextmanager
from dataclasses import asdict

import pytest

from pipeline.config import Recipe
from pipeline.output import RUN_STAGING, write_run
from pipeline.owner import owning
from pipeline.run_record import finished, run_record
from talkshard import main
from tests.audit.made_dataset import write_dataset
from transforms.beam_support.counters import count
from transforms.beam_support.progress_marks import ProgressMark, leave_mark
from transforms.beam_support.worker_tallies import ElementTime, forget_tally, record_time, write_tally
from transforms.manifests.accounting import Totals

SOURCE = "0123456789abcdef"


@contextmanager
def begun(output):
    """A run that has prepared one of two sources, and tracked one of three windows."""
    staging = f"{output}/{RUN_STAGING}"
    forget_tally()
    with owning(str(output)):
        write_run(str(output), run_record(Recipe(), ["talkshard build"], 2, "/in"))
        leave_mark(staging, ProgressMark(stage="SplitWindows", source_id=SOURCE, windows=3, frames=3000, dropped=2))
        leave_mark(staging, ProgressMark(stage="TrackFaces", source_id=SOURCE, window_index=1, frames=1000, tracks=4))
        count("TrackFaces", "cpu_usec", 75_500_000)
        record_time(staging, element("TrackFaces", 1, 12.5))
        write_tally(staging)
        yield


def element(stage, window_index, wall_s):
    return ElementTime(
        stage=stage, source_id=SOURCE, source_uri="a.mp4", window_index=window_index, wall_s=wall_s, cpu_s=wall_s / 2
    )


def shown(output, capsys, *flags):
    assert main(["status", str(output), *flags]) == 0
    return capsys.readouterr().out


def test_a_run_is_seen_while_it_runs(tmp_path, capsys):
    with begun(tmp_path):
        text = shown(tmp_path, capsys)
        assert text.startswith(f"running: {tmp_path}, begun 2") and "(alive, last sign of life 2" in text
        assert "windows 1/3" in text and "tracks 4" in text and "dropped 2" in text
        assert "TrackFaces: 0:01:16 of CPU time; slowest:" in text
        assert "12.5 s (6.2 s of CPU)  a.mp4 window 1" in text
        status = json.loads(shown(tmp_path, capsys, "--json"))
    assert status["state"] == "running" and status["owner"]["is_alive"] and status["cpu_s"] == {"TrackFaces": 75.5}
    assert status["progress"]["num_frames"] == 3000 and status["progress"]["rate"] is None


def test_a_run_that_stopped_says_so(tmp_path, capsys):
    with begun(tmp_path):
        pass
    text = shown(tmp_path, capsys)
    assert text.startswith("stopped: ") and "start it again with the same command" in text and "windows 1/3" in text


def test_a_finished_run_says_how_it_ended(tmp_path, capsys):
    write_dataset(tmp_path)
    text = shown(tmp_path, capsys)
    assert text.startswith("ended: ") and "exit code 0, a dataset was made" in text


def test_the_counts_of_a_finished_run_are_sentences(tmp_path, capsys):
    totals = Totals(
        num_inputs=4,
        num_sources=3,
        num_left_out=1,
        num_windows=5,
        num_tracks=6,
        num_clips=7,
        num_shards=1,
        num_failures=2,
        num_bugs=0,
        failed_sources=1,
        failed_windows=2,
        source_s=3600.0,
        failed_s=60.0,
        clip_s=61.0,
    )
    verdict = {"ok": True, "exit_code": 0, "problems": [], **asdict(totals)}
    write_run(str(tmp_path), finished(run_record(Recipe(), ["talkshard build"], 4) | {"verdict": verdict}))
    text = shown(tmp_path, capsys)
    assert "4 inputs: 2 sources of video (1:00:00), 1 left out as no video\n" in text
    assert "5 windows, 6 tracks, 7 clips (0:01:01) in 1 shard\n" in text
    assert "2 failures, 0 of them bugs: 1 source without a clip, 2 windows (0:01:00) lost" in text


def test_a_run_that_made_no_dataset_says_why(tmp_path, capsys):
    verdict = {"ok": False, "exit_code": 3, "problems": ["no clip was made: the funnel says why"], "num_clips": 0}
    write_run(str(tmp_path), finished(run_record(Recipe(), ["talkshard build"], 2) | {"verdict": verdict}))
    text = shown(tmp_path, capsys)
    assert "exit code 3, no dataset was made" in text and "problem: no clip was made" in text
    (tmp_path / "dataset.json").write_text("{}")
    assert "exit code 3, the dataset is that of before" in shown(tmp_path, capsys)


@pytest.mark.parametrize(("content", "says"), [(None, "has no run.json"), ("{}", "written by another program")])
def test_what_no_build_wrote_is_refused(tmp_path, capsys, content, says):
    if content:
        (tmp_path / "run.json").write_text(content)
    assert main(["status", str(tmp_path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert says in line
