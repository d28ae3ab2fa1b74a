"""A build from command line to exit code, with a graph of one step."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import apache_beam as beam
import pytest

from pipeline.finish import Finish
from pipeline.launch import build
from schemas.errors import StorageError
from tests.audit.made_dataset import write_dataset
from tests.pipeline.made_models import needs_models
from transforms.manifests.verdict import Verdict

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def argv(tmp_path):
    (tmp_path / "in.mp4").write_text("any")
    return ["--input", str(tmp_path / "in.mp4"), "--output", str(tmp_path / "out"), "--runner=DirectRunner"]


def graph_of(step, pipeline, plan):
    ended = pipeline | beam.Create([plan.output]) | beam.Map(step, plan.run)
    ended | beam.Filter(bool) | Finish(plan.output, plan.owner, plan.job_removes_staging)


def make_dataset(output, run):
    write_dataset(Path(output), run)
    beam.metrics.Metrics.counter("TrackFaces", "in").inc(2)
    return Verdict(ok=True, exit_code=0, problems=())


def fill_the_disk(output, run):
    raise StorageError("cannot write 'train-000000.tar': No space left on device")


def find_nothing(output, run):
    write_dataset(Path(output), run)
    Path(output, "dataset.json").unlink()
    run = run | {
        "verdict": {"ok": False, "exit_code": 3, "problems": ["no clip came out: the funnel says why"], "num_clips": 0}
    }
    Path(output, "run.json").write_text(json.dumps(run))
    return Verdict(ok=False, exit_code=3, problems=())


def lose_everything(output, run):
    return None


def have_a_bug(output, run):
    raise ZeroDivisionError("boom")


@needs_models
def test_a_finished_run_is_recorded_and_summarised(argv, tmp_path, capfd):
    assert build(argv, "talkshard build", partial(graph_of, make_dataset)) == 0
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run["counters"] == {"TrackFaces/in": 2} and run["wall_s"] > 0 and run["command_line"][1:] == argv
    assert sorted(os.listdir(tmp_path / "out")) == [
        "dataset.json",
        "dataset_card.md",
        "manifests",
        "report.html",
        "run.json",
        "shards",
    ]
    shown = capfd.readouterr().out
    assert "min_box_px" in shown and "3 clips" in shown and f"{tmp_path}/out/dataset.json" in shown


@needs_models
@pytest.mark.parametrize(
    ("step", "exit_code", "says"),
    [
        (fill_the_disk, 5, "No space left on device"),
        (find_nothing, 3, "no clip came out"),
        (lose_everything, 4, "without a verdict"),
    ],
)
def test_what_stops_a_run_is_one_line_and_an_exit_code(argv, tmp_path, capfd, step, exit_code, says):
    assert build(argv, "talkshard build", partial(graph_of, step)) == exit_code
    lines = capfd.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("talkshard: ") and says in lines[0]
    assert not (tmp_path / "out" / "dataset.json").exists()


@needs_models
def test_a_bug_raises_with_its_traceback(argv, capfd):
    with pytest.raises(ZeroDivisionError, match="boom"):
        build(argv, "talkshard build", partial(graph_of, have_a_bug))


@needs_models
def test_a_killed_run_can_be_run_again(argv, tmp_path, capfd):
    assert build(argv, "talkshard build", partial(graph_of, lose_everything)) == 4
    assert build(argv, "talkshard build", partial(graph_of, make_dataset)) == 0


@needs_models
def test_a_second_run_into_a_dataset_is_refused(argv, capfd):
    assert build(argv, "talkshard build", partial(graph_of, make_dataset)) == 0
    assert build(argv, "talkshard build", partial(graph_of, make_dataset)) == 2
    assert "holds a dataset already" in capfd.readouterr().err


def test_the_command_imports_beam_only_for_a_build():
    asked = "import sys, talkshard; talkshard.main(['-h']); talkshard.main(['x']); print('apache_beam' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False" and "no command is called 'x'" in done.stderr
