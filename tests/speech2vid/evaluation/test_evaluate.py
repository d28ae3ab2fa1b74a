"""A whole evaluation, on painted people, of a generator whose faces are known."""

import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.commands.evaluate import main
from schemas.errors import UsageError
from speech2vid.evaluation.clips import read_evaluation_clips, spread_frames
from speech2vid.evaluation.conditions import (
    GENERATED,
    MEAN_FACE,
    OTHER_CLIP,
    REAL,
    STILL,
    WRONG_AUDIO,
    FaceGenerator,
    other_clip,
    wrong_audio,
)
from speech2vid.evaluation.evaluate_clips import evaluate_clips
from speech2vid.evaluation.results import EvaluationRecord, write_results
from speech2vid.generator.file import DeblurringFile, GeneratorFile, GeneratorShape
from speech2vid.reader.audio_features import MFCC
from tests.pipeline.made_models import needs_models
from tests.schemas.made_stored import ColourNetwork, LoudLips, PaintedMesh, stored_clip, write_stored_dataset
from tests.speech2vid.made_generator import IMAGE_PX, NUM_IDENTITY, TARGET_OFFSET, write_generator, write_inverter

SHAPE = GeneratorShape(
    num_identity=NUM_IDENTITY, still_px=IMAGE_PX, target_offset=TARGET_OFFSET, recipe="made", audio_features=MFCC
)
PROGRAM = "talkshard evaluate"
PEOPLE = {"ann": (220, 160, 130), "ben": (130, 160, 220), "cat": (160, 220, 130)}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    clips = [
        stored_clip(number, speaker, PEOPLE[speaker], num_frames)
        for number, (speaker, num_frames) in enumerate(
            [("ann", 90), ("ann", 75), ("ben", 90), ("cat", 80), ("cat", 30)]
        )
    ]
    return write_stored_dataset(tmp_path_factory.mktemp("stored") / "out", clips)


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    return FaceGenerator(network=GeneratorFile(write_generator(tmp_path_factory.mktemp("network") / "made.onnx")))


@pytest.fixture(scope="module")
def clips(dataset):
    return read_evaluation_clips(str(dataset), "val", None, 100, SHAPE)[0]


@pytest.fixture(scope="module")
def found(clips, generator):
    return evaluate_clips(clips, generator, PaintedMesh(), ColourNetwork(), LoudLips(), 50, 0)


def value_of(found, name, condition):
    return next(measure.value for measure in found.measures if (measure.name, measure.condition) == (name, condition))


def test_only_frames_with_a_whole_audio_window_are_evaluated(clips):
    assert clips[0].frames[0] == 4 and clips[0].frames[-1] == 85
    assert clips[0].still_frames.tolist() == spread_frames(90, NUM_IDENTITY).tolist() == [22, 67]
    assert clips[0].is_still().sum() == 2


def test_clips_that_are_too_short_are_skipped_and_named(dataset):
    read, skipped = read_evaluation_clips(str(dataset), "val", None, 100, SHAPE)
    assert len(read) == 4 and len(skipped) == 1
    assert skipped[0].startswith(f"{4:016x}-w00000-t000-0000000: 22 frames")


def test_where_chooses_clips(dataset):
    read, _ = read_evaluation_clips(str(dataset), "val", "speaker = 'ann'", 100, SHAPE)
    assert [clip.speaker for clip in read] == ["ann", "ann"]


def test_an_evaluation_without_clips_is_refused(dataset):
    with pytest.raises(UsageError, match="can be evaluated"):
        read_evaluation_clips(str(dataset), "val", "num_frames = 30", 100, SHAPE)


def test_wrong_audio_is_of_another_person_and_the_other_clip_of_the_same_person(clips):
    for clip in clips:
        assert wrong_audio(clip, clips).speaker != clip.speaker
    assert other_clip(clips[0], clips).key == clips[1].key
    assert other_clip(clips[2], clips) is None
    assert wrong_audio(clips[0], clips[:2]) is None


def test_the_mouth_moves_in_real_video_and_not_in_a_still(found):
    assert value_of(found, "opening correlation", REAL) > 0.95
    assert value_of(found, "opening deviation", REAL) == pytest.approx(1, abs=0.5)
    assert value_of(found, "opening correlation", STILL) == 0
    assert abs(value_of(found, "opening correlation", OTHER_CLIP)) < 0.6


def test_the_audio_of_real_video_is_found_and_chance_is_known(found):
    assert value_of(found, "right audio found, top-1", REAL) == 1
    assert value_of(found, "right audio found, top-1", "chance") == 0.25
    assert value_of(found, "rank of the right audio", "chance") == 2.5
    assert value_of(found, "lag of the right audio, absolute", REAL) < 1


def test_people_are_told_apart_and_the_mean_face_is_far_from_everyone(found):
    assert found.calibration.error_share == 0
    assert value_of(found, "verified as the same person", STILL) == 1
    assert value_of(found, "nearer to the same person than to any other", STILL) == 1
    assert value_of(found, "identity distance", MEAN_FACE) > 5 * value_of(found, "identity distance", STILL)


def test_pixel_errors_are_zero_in_real_video_only(found):
    assert value_of(found, "MSE", REAL) == 0 and value_of(found, "SSIM", REAL) == pytest.approx(1)
    assert value_of(found, "mouth MSE", STILL) > 10
    assert value_of(found, "MSE", GENERATED) > 1000  # the made generator darkens by half
    assert not any(measure.name == "PSNR" and measure.condition == REAL for measure in found.measures)


def test_every_condition_is_scored_once_for_each_clip(found, clips):
    for condition in (GENERATED, WRONG_AUDIO, STILL, MEAN_FACE, REAL):
        assert sorted(score.key for score in found.scores if score.condition == condition) == [
            clip.key for clip in clips
        ]
    assert len([score for score in found.scores if score.condition == OTHER_CLIP]) == 2


def test_gain_and_deblurring_change_the_generated_faces(clips, generator, tmp_path):
    plain = generator.faces(clips[0], clips[0]).astype(float)
    wide = replace(generator, gain=1.5).faces(clips[0], clips[0]).astype(float)
    inverter = DeblurringFile(write_inverter(tmp_path / "d.onnx"))
    inverted = replace(generator, deblurring=inverter).faces(clips[0], clips[0])
    assert wide.std(0).mean() > 1.2 * plain.std(0).mean()
    np.testing.assert_allclose(inverted, 255 - plain, atol=1)


def test_the_three_written_files_agree(found, clips, tmp_path):
    record = EvaluationRecord(
        generator="made.onnx",
        generator_sha256="1",
        recipe="made",
        gain=1.0,
        deblurring_sha256=None,
        dataset="out",
        split="val",
        where=None,
        num_clips=len(clips),
        num_speakers=3,
        sync_network="loud lips",
        sync_network_sha256="2",
        max_candidates=50,
        seed=0,
        skipped_clips=["<a>"],
    )
    write_results(tmp_path / "made", record, found)
    written = json.loads((tmp_path / "made/evaluation.json").read_text())
    rows = pq.read_table(tmp_path / "made/clips.parquet").to_pylist()
    page = (tmp_path / "made/report.html").read_text()
    assert len(written["measures"]) == len(found.measures) and len(rows) == len(found.scores)
    mean = np.mean([row["ssim"] for row in rows if row["condition"] == GENERATED])
    assert value_of(found, "SSIM", GENERATED) == pytest.approx(mean)
    assert page.count("data:image/jpeg;base64") == 4 and "&lt;a&gt;" in page and "<script" not in page
    names = sorted(path.name for path in (tmp_path / "made").iterdir())
    assert names == ["clips.parquet", "evaluation.json", "report.html"]


@needs_models
def test_the_command_evaluates_without_networks_for_people_and_audio(dataset, tmp_path, capsys):
    checkpoint = write_generator(tmp_path / "made.onnx")
    inputs = ["--dataset", str(dataset), "--clips", "2", "--checkpoint", str(checkpoint)]
    networks = ["--face_network", "none", "--sync", "none"]
    assert main([*inputs, *networks, "--output", str(tmp_path / "out")], PROGRAM) == 0
    printed = capsys.readouterr().out
    assert "made.onnx on 2 clips of 1 people" in printed and "opening correlation" in printed
    assert "identity" not in printed and "right audio" not in printed


def test_wrong_settings_are_refused(dataset):
    with pytest.raises(UsageError, match="--clips must be 1 or more"):
        main(["--dataset", str(dataset), "--output", "x", "--clips", "0"], PROGRAM)
