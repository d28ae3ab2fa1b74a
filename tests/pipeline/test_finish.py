"""The end of a run inside the graph: complete without a launcher."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apache_beam as beam
import pytest

from pipeline.finish import Finish, complete_killed_run
from pipeline.output import write_run
from pipeline.owner import OWNER, leave_to_job, owning
from tests.audit.made_dataset import write_dataset
from transforms.manifests.verdict import Verdict


@pytest.fixture
def output(tmp_path):
    """What a run leaves that has committed its dataset, and has no launcher any more."""
    run = write_dataset(tmp_path)
    del run["finished"], run["wall_s"]
    run["started"] = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    write_run(str(tmp_path), run)
    (tmp_path / ".staging").mkdir()
    (tmp_path / ".staging" / "audio.flac").write_text("work")
    return tmp_path


def finish(output: Path, exit_code: int = 0, **settings) -> dict:
    """Run the step; the content of run.json."""
    verdict = Verdict(ok=not exit_code, exit_code=exit_code, problems=())
    with beam.Pipeline("FnApiRunner") as pipeline:
        pipeline | beam.Create([verdict]) | Finish(str(output), **settings)
    return json.loads((output / "run.json").read_text())


def test_a_run_is_complete_without_its_launcher(output):
    with owning(str(output), ends_with_launcher=False) as owner:
        leave_to_job(str(output), owner)
    assert (output / OWNER).exists()
    run = finish(output, owner=owner.token, removes_staging=True)
    assert run["verdict"]["ok"] and run["finished"] > run["started"] and 60 <= run["wall_s"] < 120
    written = ["croissant.json", "dataset.json", "dataset_card.md", "manifests", "report.html", "run.json", "shards"]
    assert sorted(os.listdir(output)) == written
    assert "complete: everything adds up" in (output / "report.html").read_text()


def test_the_step_may_run_twice(output):
    finish(output, removes_staging=True)
    pages = [(output / name).read_bytes() for name in ("report.html", "dataset_card.md")]
    finish(output, removes_staging=True)
    assert pages == [(output / name).read_bytes() for name in ("report.html", "dataset_card.md")]


@pytest.mark.parametrize(
    ("exit_code", "removes", "stays"), [(0, True, False), (3, True, False), (1, True, True), (0, False, True)]
)
def test_only_the_staging_of_a_whole_run_is_removed_unless_it_is_to_be_kept(output, exit_code, removes, stays):
    finish(output, exit_code, removes_staging=removes)
    assert (output / ".staging").exists() == stays


def test_tables_that_could_not_be_read_have_no_pages(output):
    (output / "manifests/clips/part-00000.parquet").write_bytes(b"damaged")
    run = json.loads((output / "run.json").read_text())
    (output / "run.json").write_text(
        json.dumps(run | {"verdict": {"ok": False, "exit_code": 4, "problems": ["damaged"]}})
    )
    assert "finished" in finish(output, exit_code=4)
    assert not (output / "report.html").exists()


def test_the_mark_and_the_staging_of_another_run_stay(output):
    with owning(str(output), ends_with_launcher=False) as owner:
        finish(output, owner="of a run that has ended", removes_staging=True)
        assert json.loads((output / OWNER).read_text())["token"] == owner.token
    assert (output / ".staging" / "audio.flac").exists()


def test_a_killed_run_is_completed_once(output):
    killed = json.loads((output / "run.json").read_text())
    complete_killed_run(str(output), killed, 1, keeps_work=False)
    assert "finished" in json.loads((output / "run.json").read_text()) and not (output / ".staging").exists()
    (output / ".staging").mkdir()  # of the next run, which has begun since another command looked at the killed one
    complete_killed_run(str(output), killed, 1, keeps_work=False)
    assert (output / ".staging").exists() and not (output / OWNER).exists()


def test_a_job_that_ended_before_its_launcher_leaves_no_mark(output):
    with owning(str(output), ends_with_launcher=False) as owner:
        finish(output, owner=owner.token)
        leave_to_job(str(output), owner)
    assert not (output / OWNER).exists()
