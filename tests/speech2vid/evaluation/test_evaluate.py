"""A whole evaluation, on painted people, of a generator whose faces are known."""

import json
from dataclasses import replace
from pathlib import PurePosixPath

import av
import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.commands.evaluate import main
from schemas.errors import UsageError
from speech2vid.evaluation.canonical_size import resized_faces
from speech2vid.evaluation.clips import read_evaluation_clips, spread_frames
from speech2vid.evaluation.conditions import (
    GENERATED,
    MEAN_FACE,
    MIN_WRONG_AUDIO,
    ONE_STILL,
    OTHER_CLIP,
    REAL,
    STILL,
    WRONG_AUDIO,
    other_clip,
    wrong_audio,
)
from speech2vid.evaluation.evaluate_clips import Networks, evaluate_clips
from speech2vid.evaluation.generators import WARP, PixelFace, PortraitFace, load_compared
from speech2vid.evaluation.results import VIDEOS, EvaluationRecord, GeneratorRecord, write_results
from speech2vid.evaluation.talking_face import Stills
from speech2vid.evaluation.timings import Timings
from speech2vid.generator.file import DeblurringFile, GeneratorFile
from speech2vid.motion.file import MotionFile
from tests.pipeline.made_models import needs_models
from tests.schemas.made_stored import ColourNetwork, LoudLips, PaintedMesh, painted, stored_clip, write_stored_dataset
from tests.speech2vid.dubbing.made_motion import write_motion
from tests.speech2vid.made_generator import write_generator, write_inverter
from tests.speech2vid.rendering.made_faces import made_still

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


class Puppet:
    """A talking face of another kind and size: the still's colour, and a mouth that opens as its audio gets loud."""

    name, sha256, recipe, side_px = "puppet", "made", "painted", 64

    def frames(self, num_frames):
        """See TalkingFace: all but the first two."""
        return np.arange(2, num_frames)

    def faces(self, stills, audio, frames):
        """See TalkingFace."""
        loud = audio.samples.reshape(-1, 640).astype(float).std(1)[frames] / 6000
        colour = tuple(int(value) for value in stills.faces_rgb[0, 10, 10])
        return resized_faces(np.stack([painted(colour, 2 + 12 * one) for one in loud]), self.side_px)


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    return PixelFace(network=GeneratorFile(write_generator(tmp_path_factory.mktemp("network") / "made.onnx")))


@pytest.fixture(scope="module")
def clips(dataset, generator):
    return read_evaluation_clips(str(dataset), "val", None, 100, [generator, Puppet()])[0]


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    return tmp_path_factory.mktemp("evaluated") / VIDEOS


@pytest.fixture(scope="module")
def found(clips, generator, videos):
    networks = Networks(
        mesh=PaintedMesh(), face_network=ColourNetwork(), sync_network=LoudLips(), second_judge=LoudLips()
    )
    return evaluate_clips(clips, [generator, Puppet()], networks, videos, 0)


def value_of(found, name, condition):
    return next(measure.value for measure in found.measures if (measure.name, measure.condition) == (name, condition))


def test_only_frames_that_all_generators_can_generate_are_evaluated(clips):
    assert clips[0].frames[0] == 4 and clips[0].frames[-1] == 85
    assert clips[0].still_frames.tolist() == spread_frames(90, 5).tolist() == [9, 27, 45, 63, 81]
    assert clips[0].is_still().sum() == 5


def test_clips_that_are_too_short_are_skipped_and_named(dataset, generator):
    read, skipped = read_evaluation_clips(str(dataset), "val", None, 100, [generator])
    assert len(read) == 4 and len(skipped) == 1
    assert skipped[0].startswith(f"{4:016x}-w00000-t000-0000000: 22 frames")


def test_where_chooses_clips(dataset, generator):
    read, _ = read_evaluation_clips(str(dataset), "val", "speaker = 'ann'", 100, [generator])
    assert [clip.speaker for clip in read] == ["ann", "ann"]


def test_an_evaluation_without_clips_is_refused(dataset, generator):
    with pytest.raises(UsageError, match="can be evaluated"):
        read_evaluation_clips(str(dataset), "val", "num_frames = 30", 100, [generator])


def test_wrong_audio_is_of_another_person_and_the_other_clip_of_the_same_person(clips):
    wrong, speakers = wrong_audio(clips), {clip.key: clip.speaker for clip in clips}
    assert all(other.speaker != speakers[key] for key, others in wrong.items() for other in others)
    assert sum(map(len, wrong.values())) >= MIN_WRONG_AUDIO
    assert {other.key for others in wrong.values() for other in others} == set(speakers)
    assert other_clip(clips[0], clips).key == clips[1].key
    assert other_clip(clips[2], clips) is None
    assert wrong_audio(clips[:2]) == {clips[0].key: [], clips[1].key: []}


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
    assert value_of(found, "sharpness", REAL) == 1
    assert value_of(found, "MSE", GENERATED) > 1000  # the made generator darkens by half
    assert not any(measure.name == "PSNR" and measure.condition == REAL for measure in found.measures)


def test_another_generator_is_scored_beside_it_at_its_own_size(found):
    assert value_of(found, "opening correlation", "puppet, five stills") > 0.9
    assert value_of(found, "right audio found, top-1 (second judge)", "puppet, one still") == 1
    assert value_of(found, "mouth MSE", "puppet, five stills") < value_of(found, "mouth MSE", GENERATED)
    assert value_of(found, "sharpness", "puppet, five stills") < 1
    assert value_of(found, "lip closures found", "puppet, five stills") > 0.8
    assert value_of(found, "lip closures found", STILL) == 0


def test_every_clip_has_a_video_with_its_conditions_side_by_side_and_its_audio(found, clips, videos):
    for clip in clips:
        with av.open(str(videos / f"{clip.key}.mp4")) as video:
            assert video.streams.video[0].width == 6 * 256 and len(video.streams.audio) == 1
            assert video.streams.video[0].frames == len(clip.frames)


def test_every_wrong_audio_is_scored_and_another_condition_once_for_each_clip(found, clips):
    assert len([score for score in found.scores if score.condition == WRONG_AUDIO]) == 2 * len(clips)
    assert all(score.audio != score.key for score in found.scores if score.condition == WRONG_AUDIO)
    for condition in (GENERATED, ONE_STILL, STILL, MEAN_FACE, REAL):
        assert sorted(score.key for score in found.scores if score.condition == condition) == [
            clip.key for clip in clips
        ]
    assert len([score for score in found.scores if score.condition == OTHER_CLIP]) == 2


def test_gain_and_deblurring_change_the_generated_faces(clips, generator, tmp_path):
    given = clips[0].stills(), clips[0].stored, clips[0].frames
    plain = generator.faces(*given).astype(float)
    wide = replace(generator, gain=1.5).faces(*given).astype(float)
    inverter = DeblurringFile(write_inverter(tmp_path / "d.onnx"))
    inverted = replace(generator, deblurring=inverter).faces(*given)
    assert wide.std(0).mean() > 1.2 * plain.std(0).mean()
    np.testing.assert_allclose(inverted, 255 - plain, atol=1)


def test_the_three_written_files_agree(found, clips, tmp_path):
    record = EvaluationRecord(
        generator="made.onnx",
        generator_sha256="1",
        recipe="made",
        gain=1.0,
        compared=[GeneratorRecord(name="puppet", sha256="3", recipe="painted")],
        dataset="out",
        split="val",
        where=None,
        num_clips=len(clips),
        num_speakers=3,
        num_wrong_audio=4,
        sync_network="loud lips",
        sync_network_sha256="2",
        second_judge=None,
        second_judge_sha256=None,
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
    assert page.count("data:image/jpeg;base64") == 4 * 6 and "&lt;a&gt;" in page
    assert page.count("<video") == 4 and all(f"videos/{clip.key}.mp4" in page for clip in clips)
    assert "4 different wrong audios, of other people's clips: fewer than 8" in page.replace("&#39;", "'")
    names = sorted(path.name for path in (tmp_path / "made").iterdir())
    assert names == ["clips.parquet", "evaluation.json", "report.html"]


@needs_models
def test_the_command_evaluates_without_networks_for_people_and_audio(dataset, tmp_path, capsys):
    checkpoint = write_generator(tmp_path / "made.onnx")
    inputs = ["--dataset", str(dataset), "--clips", "2", "--checkpoint", str(checkpoint)]
    networks = ["--face_network", "none", "--sync", "none", "--second_judge", "none"]
    assert main([*inputs, *networks, "--output", str(tmp_path / "out")], PROGRAM) == 0
    printed = capsys.readouterr().out
    assert "made.onnx on 2 clips of 1 person" in printed and "opening correlation" in printed
    assert "identity" not in printed and "right audio" not in printed


def test_timings_are_counted_from_the_first_evaluated_frame_of_the_clip(clips, tmp_path):
    clip = clips[0]
    row = clip.stored.row
    spoken_s = row["source_start_s"] + row["audio_shift_samples"] / 16000 + (clip.frames[0] + 10) / 25
    start, before = round(25000 * spoken_s), round(25000 * (spoken_s - 0.5))
    name = PurePosixPath(row["source_uri"]).stem
    (tmp_path / f"{name}.align").write_text(f"{before} {start} bin\n{start} {start + 5000} place\n")
    assert Timings(tmp_path).moments_of(clip) == pytest.approx([10], abs=0.01)  # what was said before it is left out
    (tmp_path / f"{name}.align").rename(tmp_path / "another.align")
    assert Timings(tmp_path).moments_of(clip) is None
    with pytest.raises(UsageError, match=r"no \.align file is named like a recording of the clips"):
        Timings(tmp_path).require_any_of([clip])


def stills_of(size_px, num_stills=2):
    made = [made_still(size_px, opening=0.3 * number) for number in range(num_stills)]
    return Stills(
        faces_rgb=np.stack([still.face_rgb for still in made]), meshes_px=np.stack([still.mesh_px for still in made])
    )


def test_a_portrait_moves_its_mouth_and_nothing_else(clips, tmp_path):
    portrait = PortraitFace(name="made", motion=MotionFile(write_motion(tmp_path / "motion.onnx")), painter=None)
    audio, frames = clips[0].stored, clips[0].frames[:20]
    faces = portrait.faces(stills_of(256).first(), audio, frames)
    wider = replace(portrait, gain=2.0).faces(stills_of(256).first(), audio, frames)
    assert faces.shape == (20, 256, 256, 3)
    moved = np.ptp(faces.astype(int), axis=0).max(2)
    assert moved[150:230, 80:170].max() > 20 and moved[:100].max() == 0
    assert wider[:, 150:230].std(0).mean() > faces[:, 150:230].std(0).mean()
    small = portrait.faces(stills_of(112).first(), audio, frames)  # a dataset of other faces: the same size is made
    assert small.shape == faces.shape and np.abs(small.astype(int) - faces).mean() < 8


def test_a_motion_network_is_compared_with_the_same_painter_and_the_warp_without_one(generator, tmp_path):
    path = write_motion(tmp_path / "other.onnx")
    evaluated = PortraitFace(name="made", motion=MotionFile(path), painter=None)
    assert load_compared(str(path), evaluated, path).name == "other.onnx"
    warp = load_compared(WARP, generator, path)
    assert (warp.name, warp.recipe) == ("warp alone", "motion")
    with pytest.raises(UsageError, match="cannot read the network"):
        load_compared(str(tmp_path / "none.onnx"), evaluated, path)


def test_one_still_is_repeated_for_a_generator_that_takes_more(generator, clips):
    stills, audio, frames = clips[0].stills(), clips[0].stored, clips[0].frames
    twice = Stills(faces_rgb=stills.faces_rgb[[0, 0]], meshes_px=stills.meshes_px[[0, 0]])
    one = generator.faces(stills.first(), audio, frames)
    np.testing.assert_array_equal(one, generator.faces(twice, audio, frames))
    assert (one != generator.faces(stills, audio, frames)).any()


def test_two_compared_generators_need_two_names(dataset, tmp_path):
    paths = [write_generator(tmp_path / name / "made.onnx") for name in "ab" if not (tmp_path / name).mkdir()]
    inputs = ["--dataset", str(dataset), "--checkpoint", str(paths[0])]
    with pytest.raises(UsageError, match=r"two generators named made\.onnx"):
        main([*inputs, "--output", str(tmp_path), "--compare", *map(str, paths)], PROGRAM)


def test_wrong_settings_are_refused(dataset):
    with pytest.raises(UsageError, match="--clips must be 1 or more"):
        main(["--dataset", str(dataset), "--output", "x", "--clips", "0"], PROGRAM)
