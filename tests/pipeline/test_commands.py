"""The small commands, on real recordings."""

import dataclasses
import json

import numpy as np
import pytest

import talkshard
from pipeline.config import Recipe
from pipeline.probe_text import FacesInFrame, FileProbe, what_build_does
from schemas.decisions import DecisionLog, Rule
from schemas.media import MediaProbe
from schemas.schema_version import SCHEMA_VERSION
from tests.audit.made_dataset import write_dataset
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared, shared

CLIP = "dev/grid_other/lbax4n.mpg"
LATE = "hard/known_offset/lbax4n_ts_late_8f.mkv"
FOUND = FileProbe(
    media=MediaProbe(container="x", duration_s=10.0, video=None, audio_streams=(), audio_index=-1),
    timeline=None,
    num_frames=250,
    speech_s=5.0,
    num_turns=2,
    num_windows=2,
    windows_with_speech=1,
    decisions=(),
    frames=(
        FacesInFrame(time_s=1.0, decoded=True, sides_px=(90.0, 40.0)),
        FacesInFrame(time_s=2.0, decoded=True, sides_px=()),
    ),
)


def decided(rule):
    log = DecisionLog(stage="PrepareVideos", source_id="s")
    log.keeps("s", "source", None, (rule,))
    return log.rows[0]


@needs_models
@needs_shared
def test_probe_shows_streams_speech_faces_and_what_build_would_do(capsys):
    assert talkshard.main(["probe", str(shared(CLIP))]) == 0
    shown = capsys.readouterr().out
    assert "360 x 288 px" in shown and "constant rate; 75 frames become 75" in shown and "44100 Hz, 2 channels" in shown
    assert (
        shown.count("faces at") == 5
        and "build: track faces in 1 of 1 window; find the speakers with the sync network" in shown
    )


@needs_models
@needs_shared
def test_probe_shows_by_how_much_an_audio_stream_is_late(capsys):
    assert talkshard.main(["probe", str(shared(LATE))]) == 0
    assert "starts 0.320 s after the video" in capsys.readouterr().out


@needs_models
def test_probe_of_no_media_is_one_line_and_fails(tmp_path, capsys):
    (tmp_path / "text.mp4").write_text("no video at all")
    assert talkshard.main(["probe", str(tmp_path / "text.mp4")]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@needs_models
def test_probe_of_a_missing_file_is_a_usage_error(tmp_path, capsys):
    assert talkshard.main(["probe", str(tmp_path / "none.mp4")]) == 2
    assert "none.mp4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "recipe", "says"),
    [
        (
            {},
            Recipe(),
            "track faces in 1 of 2 windows; find the speakers with the sync network "
            "(1 of 1 frames with faces show several)",
        ),
        (
            {},
            Recipe().with_setting("speakers.network=none"),
            "take the only face of a window for the speaker, without a sync network",
        ),
        ({}, Recipe().with_setting("faces.min_box_px=100"), "smaller than faces.min_box_px, 100 px"),
        ({"frames": FOUND.frames[1:]}, Recipe(), "none of the 1 frames that were searched shows a face"),
        ({"windows_with_speech": 0}, Recipe(), "has_speech of SplitWindows"),
        (
            {
                "decisions": (
                    decided(Rule(name="has_speech", comparison=">=", value=lambda _: 0.1, threshold=0.2, unit="s")),
                )
            },
            Recipe(),
            "rule has_speech of PrepareVideos (0.10 s, must be >= 0.2)",
        ),
        (
            {"decisions": (decided(Rule(name="has_audio", comparison="exists", value=lambda _: False)),)},
            Recipe(),
            "rule has_audio of PrepareVideos",
        ),
    ],
)
def test_probe_says_what_build_does_and_why(changes, recipe, says):
    assert says in what_build_does(dataclasses.replace(FOUND, **changes), recipe)


@needs_shared
@pytest.mark.parametrize("preset", ["speech2vid", "syncnet"])
def test_mfcc_writes_thirteen_float32_rows(tmp_path, preset):
    output = tmp_path / "features"
    assert talkshard.main(["mfcc", str(shared(CLIP)), "--preset", preset, "--output", str(output)]) == 0
    features = np.load(output)
    assert features.dtype == np.float32 and features.shape[0] == 13 and 295 <= features.shape[1] <= 305


@needs_shared
def test_mfcc_into_a_folder_that_is_not_there_is_a_storage_error(tmp_path, capsys):
    assert (
        talkshard.main(["mfcc", str(shared(CLIP)), "--preset", "syncnet", "--output", str(tmp_path / "no" / "x.npy")])
        == 5
    )
    assert "cannot write" in capsys.readouterr().err


def test_mfcc_without_a_preset_is_one_line(capsys):
    assert talkshard.main(["mfcc", "x.wav", "--output", "x.npy"]) == 2
    assert "--preset" in capsys.readouterr().err


def test_models_list_shows_all_with_licences(capsys):
    assert talkshard.main(["models", "list"]) == 0
    shown = capsys.readouterr().out
    assert all(
        name in shown for name in ("face_mesh", "blazeface", "centerface", "pyannote_segmentation", "Apache-2.0", "MIT")
    )


def test_models_list_shows_those_that_are_named(capsys):
    assert talkshard.main(["models", "list", "silero"]) == 0
    shown = capsys.readouterr().out
    assert "silero: " in shown and "face_mesh: " not in shown


def test_report_is_written_again(tmp_path, capsys):
    write_dataset(tmp_path)
    assert talkshard.main(["report", str(tmp_path)]) == 0
    assert (tmp_path / "report.html").is_file() and (tmp_path / "dataset_card.md").is_file()


@pytest.mark.parametrize("command", ["report", "verify"])
def test_a_dataset_of_another_schema_version_is_refused_in_one_line(command, tmp_path, capsys):
    write_dataset(tmp_path)
    for name in ("run.json", "dataset.json"):
        path = tmp_path / name
        path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": "1.1"}))
    assert talkshard.main([command, str(tmp_path)]) != 0
    [line] = capsys.readouterr().err.splitlines()
    assert f"was made with schema version 1.1; this Talkshard reads {SCHEMA_VERSION}" in line


def test_report_of_no_dataset_is_one_line(tmp_path, capsys):
    assert talkshard.main(["report", str(tmp_path)]) == 2
    assert "run.json" in capsys.readouterr().err


def test_verify_of_no_dataset_is_an_integrity_error(tmp_path, capsys):
    assert talkshard.main(["verify", str(tmp_path)]) == 4
    assert "no dataset.json" in capsys.readouterr().err
