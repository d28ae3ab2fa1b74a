"""The tallies of worker processes: their counters, and the slowest elements of each stage."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from transforms.beam_support.counters import count
from transforms.beam_support.worker_tallies import (
    KEPT,
    KEPT_VARIABLE,
    ElementTime,
    cpu_s_of_stages,
    forget_tally,
    read_tally,
    record_time,
    tally_record,
    write_tally,
)

ROOT = Path(__file__).resolve().parents[2]
OTHER_PROCESS = """
import sys
from tests.beam_support.test_worker_tallies import element
from transforms.beam_support.counters import count
from transforms.beam_support.worker_tallies import record_time, write_tally
count("TrackFaces", "in", 5)
record_time(sys.argv[1], element(100, 50.0))
write_tally(sys.argv[1])
"""


@pytest.fixture
def staging(tmp_path):
    forget_tally()
    return str(tmp_path)


def element(index, wall_s, stage="TrackFaces"):
    return ElementTime(
        stage=stage, source_id="a" * 16, source_uri="a.mp4", window_index=index, wall_s=wall_s, cpu_s=wall_s / 2
    )


def test_the_slowest_elements_of_each_stage_are_kept(staging):
    for index in range(1000):
        record_time(staging, element(index, float(index * 7 % 1000)))
    record_time(staging, element(-1, 0.1, stage="PrepareVideos"))
    write_tally(staging)
    slowest = read_tally(staging).slowest
    assert [one.wall_s for one in slowest] == [0.1, *range(999, 999 - KEPT, -1)]
    assert slowest[0].stage == "PrepareVideos" and slowest[0].window_index == -1


def test_writing_again_replaces_what_was_written(staging):
    for _ in range(3):
        count("TrackFaces", "in", 2)
        write_tally(staging)
    assert read_tally(staging).counters == {"TrackFaces/in": 6}
    assert len(list(Path(staging, "workers").iterdir())) == 1


def test_processes_are_added_up(staging):
    count("TrackFaces", "in", 2)
    record_time(staging, element(1, 60.0))
    write_tally(staging)
    subprocess.run([sys.executable, "-c", OTHER_PROCESS, staging], cwd=ROOT, check=True)
    found = read_tally(staging)
    assert found.counters == {"TrackFaces/in": 7} and [one.wall_s for one in found.slowest] == [60.0, 50.0]


def test_cpu_time_is_that_of_the_work_and_of_its_setup(staging):
    count("TrackFaces", "cpu_usec", 1_500_000)
    count("TrackFaces", "setup_cpu_usec", 500_000)
    write_tally(staging)
    record = tally_record(read_tally(staging))
    assert cpu_s_of_stages(read_tally(staging)) == record["cpu_s"] == {"TrackFaces": 2.0}
    assert json.loads(json.dumps(record)) == record


def test_another_number_of_elements_can_be_kept(staging, monkeypatch):
    monkeypatch.setenv(KEPT_VARIABLE, "40")
    for index in range(100):
        record_time(staging, element(index, float(index)))
    write_tally(staging)
    assert len(read_tally(staging).slowest) == 40


def test_there_is_no_tally_before_a_run(staging):
    assert read_tally(staging).counters == {} and read_tally(staging).slowest == ()
