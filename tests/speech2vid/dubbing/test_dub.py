"""A dubbed video is the source but for the mouth: its numbers, times, streams, and what is left as it was."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("skimage", reason="the demo extra is not installed")
import av

from schemas.errors import UsageError
from speech2vid.dubbing.dub import Dubbed, DubOptions, dub, dub_tracked
from speech2vid.dubbing.tracked_faces import track_video
from tests.made_media import MadeAudio, click_times_s, make_video
from tests.pipeline.made_models import needs_models
from tests.speech2vid.dubbing.made_motion import write_motion
from tests.speech2vid.dubbing.made_talk import SIDE, decoded, make_audio, make_talk, numbers
from transforms.media.audio import decode_audio
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.frames_pyav import PyavFrames
from transforms.media.orientation import orientation_of
from transforms.media.probe import probe_media

pytestmark = needs_models
UNEVEN = [Fraction(number, 30) + Fraction(number % 3, 120) for number in range(36)]
LOSSLESS = DubOptions(is_lossless=True)
MOUTH = np.s_[180:220, 110:180]  # rows and columns of the made talk


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    return make_audio(tmp_path_factory.mktemp("audio") / "other.wav", 2.0)


def dubbed(video: Path, audio: str, name: str, options: DubOptions = LOSSLESS) -> tuple[Path, Dubbed]:
    output = video.with_name(name)
    motion = write_motion(Path(audio).with_name("motion.onnx"))
    return output, dub(str(video), audio, output, replace(options, motion=motion))


def changed(before: "av.VideoFrame", after: "av.VideoFrame") -> np.ndarray:
    """Where the first plane of two frames differs."""
    return numbers(before)[0] != numbers(after)[0]


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "yuvj420p"])
def test_only_the_lower_face_changes_bit_for_bit(tmp_path, audio, pixel_format):
    source = make_talk(tmp_path / "talk.mkv", 30, pixel_format=pixel_format)
    output, made = dubbed(source, audio, "out.mkv")
    assert made.num_frames == made.num_dubbed == 30
    where = np.zeros((SIDE, SIDE), bool)
    for before, after in zip(decoded(source), decoded(output), strict=True):
        where |= changed(before, after)
        for one, other in zip(numbers(before), numbers(after), strict=True):
            assert (one[: len(one) // 2] == other[: len(one) // 2]).all()
    assert where[MOUTH].mean() > 0.5
    assert not where[: SIDE // 2].any() and not where[:, :40].any() and not where[:, -40:].any()


def test_uneven_times_and_the_length_are_the_sources(tmp_path, audio):
    source = make_talk(tmp_path / "talk.mp4", UNEVEN)
    output, made = dubbed(source, audio, "out.mp4", DubOptions())
    assert [frame.time for frame in decoded(output)] == [frame.time for frame in decoded(source)]
    with av.open(str(source)) as before, av.open(str(output)) as after:
        assert after.streams.video[0].duration * after.streams.video[0].time_base == pytest.approx(
            float(before.streams.video[0].duration * before.streams.video[0].time_base), abs=0.02
        )
        end_s = max(frame.time + frame.samples / frame.sample_rate for frame in after.decode(audio=0))
    assert end_s == pytest.approx(made.length_s, abs=0.08)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("start_s", [Fraction(0), Fraction(1, 5)])
def test_the_new_audio_begins_with_the_first_frame(tmp_path, suffix, start_s):
    clicks = make_video(tmp_path / "clicks.mkv", [], audio_streams=[MadeAudio(clicks_s=[0.3, 0.8], length_s=1.2)])
    source = make_talk(tmp_path / f"talk.{suffix}", [start_s + Fraction(number, 25) for number in range(30)])
    output, _ = dubbed(source, str(clicks), f"out.{suffix}", DubOptions())
    probe, timeline = probe_media(str(output), LimitsConfig(), AudioConfig())
    samples = np.concatenate(list(decode_audio(str(output), probe.used_audio.index, timeline.zero_s, 16_000)))
    assert click_times_s(samples) == pytest.approx([0.3, 0.8], abs=0.003)


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_a_turned_video_stays_turned_and_its_mouth_is_found(tmp_path, audio, rotation_deg):
    source = make_talk(tmp_path / "talk.mp4", 25, rotation_deg=rotation_deg)
    output, _ = dubbed(source, audio, "out.mp4", DubOptions())
    before, after = decoded(source), decoded(output)
    assert after[0].rotation == before[0].rotation != 0
    difference = np.mean(
        [np.abs(numbers(a)[0].astype(int) - numbers(b)[0]) for a, b in zip(after, before, strict=True)], 0
    )
    upright = np.rot90(difference, -rotation_deg // 90)
    assert upright[MOUTH].mean() > 10 * upright[:90].mean()


def test_a_mirrored_video_is_dubbed_like_the_same_video_stored_as_it_is_shown(tmp_path, audio):
    plain = make_talk(tmp_path / "plain.mkv", 25, pixel_format="yuv444p", codec="ffv1")
    mirrored = make_talk(tmp_path / "mirrored.mkv", 25, pixel_format="yuv444p", codec="ffv1", is_mirrored=True)
    outputs = [dubbed(source, audio, f"out_{source.name}")[0] for source in (plain, mirrored)]
    assert orientation_of(decoded(outputs[1])[0]).is_mirrored
    for one, other in zip(*map(decoded, outputs), strict=True):
        np.testing.assert_allclose(numbers(other)[0][:, ::-1].astype(int), numbers(one)[0], atol=2)


def test_pixels_that_are_not_square_stay_so(tmp_path, audio):
    source = make_talk(tmp_path / "talk.mp4", 25, aspect=Fraction(10, 11))
    output, _ = dubbed(source, audio, "out.mp4", DubOptions())
    with av.open(str(output)) as file:
        assert file.streams.video[0].sample_aspect_ratio == Fraction(10, 11)


def test_colour_metadata_subtitles_and_chapters_are_kept(tmp_path, audio):
    chapters = [{"id": 1, "start": 0, "end": 500, "time_base": Fraction(1, 1000), "metadata": {"title": "one"}}]
    source = make_talk(tmp_path / "talk.mkv", 25, subtitles=True, chapters=chapters)
    output, made = dubbed(source, audio, "out.mkv", DubOptions())
    with av.open(str(output)) as file:
        assert [stream.type for stream in file.streams] == ["video", "audio", "subtitle"]
        assert [bytes(packet) for packet in file.demux(subtitles=0) if packet.size] == [b"words"]
        assert file.metadata["title"] == "a talk"
        assert file.metadata["COMMENT"].startswith("Generated: this person did not say this.")
        assert [chapter["metadata"]["title"] for chapter in file.chapters()] == ["one"]
        context = file.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)
    assert made.left_out == ()


@pytest.mark.parametrize(("pixel_format", "codec"), [("bgr0", "ffv1"), ("yuvj420p", "mjpeg"), ("gray", "ffv1")])
def test_colours_are_kept_where_the_encoder_has_another_format(tmp_path, audio, pixel_format, codec):
    source = make_talk(tmp_path / "talk.mkv", 25, pixel_format=pixel_format, codec=codec)
    output, _ = dubbed(source, audio, "out.mp4", DubOptions())
    readers = []
    for path in (source, output):
        probe, timeline = probe_media(str(path), LimitsConfig(), AudioConfig())
        readers.append(PyavFrames(str(path), probe.used_video, timeline))
    for frame in (0, 12, 24):
        before, after = (reader.read(frame)[:90].astype(int) for reader in readers)
        assert np.abs(after - before).mean() < 2


def test_what_a_container_cannot_hold_is_said(tmp_path, audio):
    source = make_talk(tmp_path / "talk.mkv", 25, subtitles=True)
    _, made = dubbed(source, audio, "out.mp4", DubOptions())
    assert made.left_out == ("stream 2 (subtitle, subrip)",)


def test_a_video_without_audio_gets_some(tmp_path, audio):
    source = make_talk(tmp_path / "talk.mp4", 25, audio=False)
    output, _ = dubbed(source, audio, "out.mp4", DubOptions())
    with av.open(str(output)) as file:
        assert len(file.streams.audio) == 1


def test_frames_without_the_face_stay_and_are_counted(tmp_path, audio):
    source = make_talk(tmp_path / "talk.mkv", 75, hidden=range(30, 45))
    output, made = dubbed(source, audio, "out.mkv")
    pairs = list(zip(decoded(source), decoded(output), strict=True))
    assert not any(changed(*pair).any() for pair in pairs[30:45])
    assert made.num_frames - made.num_dubbed >= 15


def test_a_mouth_that_is_covered_in_every_frame_is_refused_and_leaves_no_video(tmp_path, audio):
    source, output = make_talk(tmp_path / "talk.mkv", 30), tmp_path / "out.mkv"
    tracked = track_video(str(source), tmp_path)
    for part in (part for face in tracked.faces for part in face.parts):
        with np.load(part.path) as arrays:
            covered = {**arrays, "visibility": np.zeros_like(arrays["visibility"])}
        np.savez(part.path, **covered)
    options = replace(LOSSLESS, motion=write_motion(tmp_path / "motion.onnx"))
    with pytest.raises(UsageError, match="mouth is covered or lost in every frame"):
        dub_tracked(tracked, audio, output, options)
    assert not output.exists()


def test_of_two_faces_that_may_speak_one_must_be_named(tmp_path, audio):
    source = make_talk(tmp_path / "talk.mkv", 30, num_people=2)
    with pytest.raises(UsageError, match=r"choose with --speaker: 1 \(0.0-1.2 s, left.*; 2 \(0.0-1.2 s, right"):
        dubbed(source, audio, "out.mkv")
    output, _ = dubbed(source, audio, "out.mkv", DubOptions(is_lossless=True, speakers=(2,)))
    where = np.any([changed(*pair) for pair in zip(decoded(source), decoded(output), strict=True)], 0)
    assert where[:, SIDE:].any() and not where[:, :SIDE].any()


@pytest.mark.parametrize(("fit", "num_frames"), [("trim", 30), ("loop", 50), ("hold", 50)])
def test_longer_audio_is_fitted_as_asked(tmp_path, audio, fit, num_frames):
    source = make_talk(tmp_path / "talk.mp4", 30)
    output, made = dubbed(source, audio, "out.mp4", DubOptions(fit=fit))
    assert made.num_frames == len(decoded(output)) == num_frames


def test_the_visible_mark_is_in_the_lower_left(tmp_path, audio):
    source = make_talk(tmp_path / "talk.mkv", 25)
    output, _ = dubbed(source, audio, "out.mkv", DubOptions(is_lossless=True, is_marked=True))
    for before, after in zip(decoded(source), decoded(output), strict=True):
        assert changed(before, after)[SIDE - 25 : SIDE - 12, 12:60].mean() > 0.9


def test_nothing_is_left_behind_by_a_dub_that_fails(tmp_path, audio):
    source = make_talk(tmp_path / "talk.mkv", 30, num_people=2)
    with pytest.raises(UsageError):
        dubbed(source, audio, "out.mkv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["talk.mkv"]
