"""Two builds into one output: the second is refused while the first lives, and not longer."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline import owner
from pipeline.output import open_output, require_free_output
from pipeline.owner import OWNER, leave_to_job, owning
from schemas.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
OTHER_BUILD = """
import sys, time
from pipeline.output import open_output
from pipeline.owner import owning
with owning(sys.argv[1]):
    open_output(sys.argv[1], {})
    print("owns", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other_build(tmp_path):
    """A build into tmp_path/out by another process."""
    command = [sys.executable, "-c", OTHER_BUILD, str(tmp_path / "out")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "owns\n"
        (tmp_path / "out/.staging/run").mkdir(parents=True)
        (tmp_path / "out/.staging/run/mark").write_text("work of the first build")
        yield process
        process.kill()


def mark_in(output):
    return json.loads((output / OWNER).read_text())


def mark_of_dead(output, **fields):
    """Change fields of the mark of a process that has ended."""
    (output / OWNER).write_text(json.dumps(mark_in(output) | {"process_start": "1"} | fields))


def mark_of(output, **fields):
    """A mark in the output, with some fields changed."""
    with owning(str(output)):
        stored = mark_in(output)
    (output / OWNER).write_text(json.dumps(stored | fields))


def ago(hours):
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


def test_a_second_build_is_refused_with_the_owner_and_the_cure_and_removes_nothing(tmp_path, other_build):
    output = str(tmp_path / "out")
    for enter in (require_free_output, lambda place: owning(place).__enter__()):
        with pytest.raises(UsageError) as refused:
            enter(output)
        for word in (f"process {other_build.pid} on {os.uname().nodename}", "since 20", "--output", OWNER):
            assert word in str(refused.value)
    assert (tmp_path / "out/.staging/run/mark").exists()


def test_the_output_of_a_killed_build_is_free_and_ours(tmp_path, other_build):
    other_build.send_signal(signal.SIGKILL)
    other_build.wait()
    output = str(tmp_path / "out")
    assert (tmp_path / "out" / OWNER).exists()
    (tmp_path / "out/run.json").unlink()  # it may be killed before it writes one
    require_free_output(output)
    with owning(output):
        open_output(output, {})
        assert not (tmp_path / "out/.staging/run").exists()
    assert "run.json" in os.listdir(output) and OWNER not in os.listdir(output)


def test_a_later_process_of_the_same_id_is_not_the_owner(tmp_path):
    mark_of(tmp_path, process=os.getpid(), process_start="1")
    require_free_output(str(tmp_path))


@pytest.mark.parametrize("elsewhere", [{"host": "elsewhere"}, {"processes": "pid:[1]"}])
def test_an_owner_elsewhere_counts_while_it_gives_signs_of_life(tmp_path, elsewhere):
    mark_of(tmp_path, seen=ago(1.5), since=ago(90), **elsewhere)
    with pytest.raises(UsageError, match="is being built"):
        require_free_output(str(tmp_path))
    mark_of_dead(tmp_path, seen=ago(2.5))
    require_free_output(str(tmp_path))


def leave_at_once(output):
    with owning(output) as own:
        leave_to_job(output, own)


def interrupt(output):
    with pytest.raises(KeyboardInterrupt), owning(output, ends_with_launcher=False):
        raise KeyboardInterrupt


@pytest.mark.parametrize("leave", [leave_at_once, interrupt])
def test_a_job_that_goes_on_without_its_launcher_counts_for_a_day(tmp_path, leave):
    leave(str(tmp_path))
    assert mark_in(tmp_path)["ends_with_launcher"] is False
    mark_of_dead(tmp_path, seen=ago(23))
    with pytest.raises(UsageError, match="is being built"):
        require_free_output(str(tmp_path))
    mark_of_dead(tmp_path, seen=ago(25))
    require_free_output(str(tmp_path))


def test_a_job_whose_workers_end_bundles_counts_for_as_long_as_it_takes(tmp_path):
    leave_at_once(str(tmp_path))
    mark_of_dead(tmp_path, seen=ago(80))
    tally = tmp_path / ".staging/run/workers/one.json"
    tally.parent.mkdir(parents=True)
    tally.write_text("{}")
    with pytest.raises(UsageError, match="is being built"):
        require_free_output(str(tmp_path))
    os.utime(tally, (time.time() - 25 * 3600,) * 2)
    require_free_output(str(tmp_path))


@pytest.mark.parametrize(("local", "error"), [(True, KeyboardInterrupt), (True, OSError), (False, OSError)])
def test_a_run_that_ended_leaves_no_mark(tmp_path, local, error):
    with pytest.raises(error), owning(str(tmp_path), ends_with_launcher=local):
        raise error
    assert os.listdir(tmp_path) == []


class TwoWaits:
    """An event that is set after one wait."""

    def __init__(self):
        self._answers = iter([False, True])

    def wait(self, timeout_s):
        return next(self._answers)


@pytest.mark.parametrize("token", ["own", "another"])
def test_signs_of_life_are_written_and_never_over_another_owner(tmp_path, token):
    mark_of(tmp_path, token="own", seen=ago(1))
    own = owner._stored_owner(str(tmp_path))
    owner._write(str(tmp_path), replace(own, token=token))
    owner._give_signs(str(tmp_path), own, TwoWaits())
    found = owner._stored_owner(str(tmp_path))
    assert found.token == token and (found.seen > own.seen) == (token == "own")


def test_the_mark_of_another_owner_stays(tmp_path):
    with owning(str(tmp_path)) as own:
        owner._write(str(tmp_path), replace(own, token="another"))
    assert (tmp_path / OWNER).exists()


@pytest.mark.parametrize("left_by_a_dead_one", [False, True])
def test_of_many_that_claim_at_once_one_wins(tmp_path, left_by_a_dead_one):
    if left_by_a_dead_one:
        mark_of(tmp_path, process_start="1")

    def claim(_):
        try:
            return owner._claim(str(tmp_path), True).token
        except UsageError as error:
            assert "is being built" in str(error)
            return ""

    with ThreadPoolExecutor(8) as threads:
        tokens = sorted(threads.map(claim, range(8)))
    assert tokens[:7] == [""] * 7 and mark_in(tmp_path)["token"] == tokens[7] != ""


def test_a_mark_that_cannot_be_read_names_the_cure(tmp_path):
    (tmp_path / OWNER).write_text("")
    with pytest.raises(UsageError, match="delete it if no build runs"):
        require_free_output(str(tmp_path))
