"""The command line of a build: the plan that is made from it, and what is refused before any work."""

import os
import pickle

import pytest

from pipeline.beam_options import beam_options, is_local_run
from pipeline.options import build_parser, parse_plan
from schemas.errors import UsageError
from tests.pipeline.made_models import needs_models
from transforms.beam_support.stores import DEFAULT_STORE
from transforms.media.models import FOLDER_VARIABLE

PROGRAM = "talkshard build"


@pytest.fixture
def clips(tmp_path):
    for name in ("b.mp4", "a.mp4", "notes.txt"):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text(name)
    return tmp_path / "in"


def plan_of(clips, *argv):
    return parse_plan(["--input", str(clips), "--output", str(clips.parent / "out"), *argv], PROGRAM)


@needs_models
def test_a_plan_lists_media_sorted_and_stages_below_the_output(clips):
    plan = plan_of(clips)
    assert [source.uri for source in plan.sources] == [str(clips / name) for name in ("a.mp4", "b.mp4", "notes.txt")]
    assert [source.content_decides for source in plan.sources] == [False, False, True]
    assert plan.staging.startswith(f"{plan.output}/.staging/") and plan.output == str(clips.parent / "out")
    assert (plan.num_inputs, plan.max_bugs, plan.fail_fast) == (3, 3, False)
    assert plan.run["num_inputs"] == 3 and plan.run["recipe"] == plan.recipe.as_dict()


@needs_models
def test_a_plan_names_its_sources_below_the_root_that_run_json_tells(clips, monkeypatch):
    plan = plan_of(clips, "--sync", "none")
    assert plan.run["root"] == str(clips) and [one.name for one in plan.sources] == ["a.mp4", "b.mp4", "notes.txt"]
    monkeypatch.chdir(clips.parent)
    for given in (["in/*.mp4"], ["in/a.mp4", "in/b.mp4"], ["./in/"]):
        plan = parse_plan(["--input", *given, "--output", "out", "--sync", "none"], PROGRAM)
        assert plan.run["root"] == str(clips) and plan.sources[0].name == "a.mp4"


@needs_models
def test_options_of_stores_are_in_the_plan_and_credentials_are_not(clips, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "other")
    flags = ("--s3_endpoint_url=http://127.0.0.1:9", "--s3_access_key_id=HIDDEN", "--s3_secret_access_key", "HIDDEN")
    plan = plan_of(clips, "--sync", "none", *flags)
    assert plan.store.s3_endpoint_url == "http://127.0.0.1:9" and plan.store.fetch_s == plan.recipe.limits.fetch_s
    assert b"HIDDEN" not in pickle.dumps(plan)
    assert os.environ["AWS_ACCESS_KEY_ID"] == os.environ["AWS_SECRET_ACCESS_KEY"] == "HIDDEN"
    DEFAULT_STORE.use()


@needs_models
def test_what_a_killed_run_left_below_the_input_is_no_input(clips):
    for name in ("run.json", "manifests/part.parquet", ".staging/x/audio.flac"):
        (clips / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (clips / "out" / name).write_text('{"schema_version": "1", "recipe": {}, "packages": {}}')
    plan = parse_plan(["--input", str(clips), "--output", str(clips / "out")], PROGRAM)
    assert [source.uri for source in plan.sources] == [str(clips / name) for name in ("a.mp4", "b.mp4", "notes.txt")]
    (clips / "out" / "shards").mkdir()
    (clips / "out" / "shards" / "mine.mp4").touch()
    with pytest.raises(UsageError, match="in a folder of the output that a build empties"):
        parse_plan(["--input", str(clips), "--output", str(clips / "out")], PROGRAM)


@needs_models
def test_parsing_writes_nothing(clips):
    plan_of(clips)
    assert not (clips.parent / "out").exists()


@needs_models
def test_set_comes_after_the_recipe_and_the_short_options(clips):
    plan = plan_of(
        clips,
        "--recipe",
        "trusted",
        "--detector",
        "blazeface",
        "--set",
        "faces.min_box_px=80",
        "--set",
        "clips.max_s=5",
    )
    assert plan.recipe.faces.detector == "blazeface" and plan.recipe.speakers.network == "none"
    assert plan.recipe.faces.min_box_px == 80 and plan.recipe.clips.max_s == 5


@needs_models
@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--fail_fastt"], "did you mean --fail_fast"),
        (["--direct_num_worker=2"], "did you mean --direct_num_workers"),
        (["stray"], "'stray'"),
        (["--recipe", "trustd"], "did you mean trusted"),
        (["--set", "faces.min_bx_px=1"], "did you mean faces.min_box_px"),
        (["--detector", "insightface:/nowhere"], "no folder '/nowhere'"),
        (["--sync", "/nowhere/net.onnx"], "no such file"),
        (["--sync", "published"], "default, none, FILE.onnx or syncnet:FILE"),
        (["--sync", "syncnet:"], "default, none, FILE.onnx or syncnet:FILE"),
        (["--sync", "syncnet:/nowhere/syncnet_v2.model"], "no such file"),
        (["--speech", "pyannote:/nowhere/model.bin"], "no file or folder"),
        (["--max_bugs", "-1"], "--max_bugs"),
        (["--max_failed_share", "2"], "--max_failed_share"),
        (["--max_bugs", "many"], "invalid int"),
        (["--layout", "tiktok"], "voxceleb2"),
        (["--layout", "grid"], "s1/NAME.mpg"),
        (["--runner", "DataflowRunner"], "cannot reach"),
        (["--sources", "table.csv"], "not allowed with"),
        (["--work", __file__], "is not a folder: choose another"),
    ],
)
def test_a_wrong_option_is_one_line(clips, argv, says):
    with pytest.raises(UsageError, match=says) as caught:
        plan_of(clips, *argv)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2


@needs_models
def test_a_folder_without_networks_is_no_insightface_pack(clips):
    with pytest.raises(UsageError, match="no ONNX file"):
        plan_of(clips, "--detector", f"insightface:{clips}")


@needs_models
def test_a_file_that_is_no_sync_network_is_refused_before_any_work(clips):
    (clips / "net.onnx").write_text("no network")
    with pytest.raises(UsageError, match=r"net\.onnx"):
        plan_of(clips, "--sync", str(clips / "net.onnx"))


@needs_models
def test_a_missing_input_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere\.mp4"):
        parse_plan(["--input", str(tmp_path / "nowhere.mp4"), "--output", str(tmp_path / "out")], PROGRAM)


def test_a_missing_model_names_the_command(clips, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(clips / "none"))
    with pytest.raises(UsageError, match="talkshard models install"):
        plan_of(clips)


@needs_models
def test_a_split_that_divides_a_speaker_is_refused(clips):
    table = clips / "table.csv"
    table.write_text("uri,speaker,split\na.mp4,ann,train\nb.mp4,ann,test\n")
    with pytest.raises(UsageError, match="speaker:ann"):
        parse_plan(["--sources", str(table), "--output", str(clips / "out")], PROGRAM)


def test_without_a_runner_the_run_is_local_in_processes():
    flags = beam_options([], [])
    assert {
        "--runner=FnApiRunner",
        "--direct_running_mode=multi_processing",
        "--number_of_worker_harness_threads=1",
    } <= set(flags)
    assert is_local_run(flags)


def test_beams_options_are_passed_on_and_take_precedence():
    flags = beam_options(["--direct_num_workers", "7", "--job_name=x"], [])
    assert flags[:3] == ["--direct_num_workers", "7", "--job_name=x"]
    assert not any(flag.startswith("--direct_num_workers=") for flag in flags)


def test_a_chosen_runner_is_kept():
    flags = beam_options(["--runner=FlinkRunner", "--flink_master=localhost:8081"], [])
    assert not is_local_run(flags) and not any("FnApiRunner" in flag for flag in flags)


def test_help_shows_every_setting_with_unit_and_default(capsys):
    with pytest.raises(SystemExit):
        build_parser(PROGRAM).parse_args(["--help"])
    shown = capsys.readouterr().out
    assert (
        "faces.min_box_px" in shown and "32.0 px" in shown and "limits.damaged_share" in shown and "exit codes" in shown
    )
