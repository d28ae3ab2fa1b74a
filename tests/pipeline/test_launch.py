"""A build from command line to exit code, with a graph of one step."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import apache_beam as beam
import pytest

from pipeline.finish import Finish, finish_run
from pipeline.launch import build, conclude
from pipeline.metrics import metrics_of
from pipeline.options import parse_plan
from schemas.errors import StorageError
from tests.audit.made_dataset import write_dataset
from tests.pipeline.made_models import needs_models
from transforms.manifests.verdict import Verdict

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def argv(tmp_path):
    (tmp_path / "in.mp4").write_text("any")
    return ["--input", str(tmp_path / "in.mp4"), "--output", str(tmp_path / "out"), "--runner=DirectRunner"]


LOSES_A_WORKER = """
import os, sys, time
import apache_beam as beam
from pipeline.environment import set_environment
from pipeline.launch import build
from pipeline.logs import quiet_logs

def lose(number):
    if number != 3:
        time.sleep(200)  # the other worker, in the midst of a long video
    time.sleep(0.5)
    {ending}

def graph(pipeline, plan):
    pipeline | beam.Create([2, 3]) | beam.Reshuffle() | beam.Map(lose)

if __name__ == "__main__":
    import lossy  # as the worker names it

    set_environment()
    quiet_logs()
    sys.exit(build(sys.argv[1:], "talkshard build", lossy.graph))
"""


def graph_of(step, pipeline, plan):
    ended = pipeline | beam.Create([plan.output]) | beam.Map(step, plan.run)
    ended | beam.Filter(bool) | Finish(plan.output, plan.owner, not plan.is_local)


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
        "known_inputs": 0,
        "verdict": {"ok": False, "exit_code": 3, "problems": ["no clip came out: the funnel says why"], "num_clips": 0},
    }
    Path(output, "run.json").write_text(json.dumps(run))
    return Verdict(ok=False, exit_code=3, problems=())


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


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
        "croissant.json",
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
@pytest.mark.parametrize("step", [fill_the_disk, have_a_bug, lose_everything])
def test_a_run_that_fails_leaves_no_listing_of_its_inputs(argv, tmp_path, capfd, step):
    with suppress(ZeroDivisionError):
        build(argv, "talkshard build", partial(graph_of, step))
    assert list((tmp_path / "out").rglob("*")) and not list((tmp_path / "out").rglob("names/*"))


@needs_models
def test_the_launcher_of_a_job_that_has_ended_removes_no_staging(argv, tmp_path, capfd):
    plan = parse_plan([*argv[:4], "--runner=PortableRunner", "--job_endpoint=localhost:1"], "talkshard build")
    write_dataset(tmp_path / "out", {**plan.run, "known_inputs": 0})
    finish_run(plan.output, 1)
    of_the_next_run = tmp_path / "out" / ".staging" / "run" / "names" / "00000.msgpack"
    of_the_next_run.parent.mkdir(parents=True)
    of_the_next_run.touch()
    with beam.Pipeline("FnApiRunner") as pipeline:
        pipeline | beam.Create([1])
    with metrics_of(plan) as metrics:
        assert conclude(plan, pipeline.result, metrics) == 0
    assert of_the_next_run.exists()


@needs_models
def test_a_killed_run_can_be_run_again(argv, tmp_path, capfd):
    assert build(argv, "talkshard build", partial(graph_of, lose_everything)) == 4
    assert build(argv, "talkshard build", partial(graph_of, make_dataset)) == 0


@needs_models
def test_the_same_command_again_finds_that_there_is_nothing_to_do(argv, tmp_path, capfd):
    assert build(argv, "talkshard build", partial(graph_of, make_dataset)) == 0
    before = contents(tmp_path / "out")
    assert build(argv, "talkshard build", partial(graph_of, have_a_bug)) == 0
    assert "is complete" in capfd.readouterr().out.splitlines()[-1] and contents(tmp_path / "out") == before


@needs_models
@pytest.mark.parametrize("change", ["setting", "shard size", "another input", "a changed input"])
def test_another_command_into_a_dataset_is_refused_and_changes_nothing(argv, tmp_path, capfd, change):
    assert build(argv, "talkshard build", partial(graph_of, make_dataset)) == 0
    before = contents(tmp_path / "out")
    if change == "a changed input":
        (tmp_path / "in.mp4").write_text("other")
    if change == "another input":
        (tmp_path / "new.mp4").write_text("new")
        argv = [argv[0], str(tmp_path / "new.mp4"), *argv[1:]]
    name = {"setting": "faces.min_box_px=99", "shard size": "shards.target_mb=1"}.get(change)
    assert build(argv + (["--set", name] if name else []), "talkshard build", partial(graph_of, have_a_bug)) == 2
    assert "--append" in capfd.readouterr().err and contents(tmp_path / "out") == before


@needs_models
@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--set", "faces.min_box_px=99"], "faces.min_box_px was 32.0 and is 99.0"),
        (["--sync", "none"], "speakers.network was default and is none; model"),
    ],
)
def test_another_recipe_or_model_is_not_appended_and_the_difference_is_shown(argv, tmp_path, capfd, given, says):
    assert build(argv, "talkshard build", partial(graph_of, make_dataset)) == 0
    (tmp_path / "in.mp4").write_text("other")
    assert build([*argv, "--append", *given], "talkshard build", partial(graph_of, have_a_bug)) == 2
    assert says in capfd.readouterr().err


@needs_models
def test_models_that_are_not_those_of_the_dataset_are_refused(argv, tmp_path, capfd):
    assert build(argv, "talkshard build", partial(graph_of, make_dataset)) == 0
    record = (tmp_path / "out/run.json").read_text()
    sha256 = json.loads(record)["models"]["face_mesh"]["sha256"]
    (tmp_path / "out/run.json").write_text(record.replace(sha256, "0" * 64))
    assert build([*argv, "--append"], "talkshard build", partial(graph_of, have_a_bug)) == 2
    assert f"model face_mesh was {'0' * 12} and is {sha256[:12]}" in capfd.readouterr().err


@needs_models
def test_nothing_is_appended_where_no_dataset_is(argv, capfd):
    assert build([*argv, "--append"], "talkshard build", partial(graph_of, have_a_bug)) == 2
    assert "holds no dataset to add to" in capfd.readouterr().err


@needs_models
@pytest.mark.parametrize("ending", ["os.kill(os.getpid(), 9)", "os._exit(7)"])
def test_a_lost_worker_stops_a_local_run_with_one_line_that_names_the_log(argv, tmp_path, ending):
    (tmp_path / "lossy.py").write_text(LOSES_A_WORKER.format(ending=ending))
    flags = ["--runner=FnApiRunner", "--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    done = subprocess.run(
        [sys.executable, "-m", "lossy", *argv[:-1], *flags],
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{tmp_path}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    *_, line = done.stderr.splitlines()
    says = "it was killed" if "kill" in ending else "exit code 7"
    assert done.returncode == 1 and line.startswith("talkshard: a worker process ended") and says in line
    log = Path(line.rpartition("(log: ")[2].rstrip(")"))
    assert "Worker subprocess exited" in log.read_text()
    assert not (tmp_path / "out/.talkshard-owner.json").exists()


def test_the_command_imports_beam_only_for_a_build():
    asked = "import sys, talkshard; talkshard.main(['-h']); talkshard.main(['x']); print('apache_beam' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False" and "no command is called 'x'" in done.stderr
