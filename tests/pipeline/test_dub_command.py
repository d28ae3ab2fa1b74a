"""What `talkshard dub` refuses, each in one line that names the cure; and what it prints."""

import numpy as np
import pytest
import soundfile

pytest.importorskip("skimage", reason="the demo extra is not installed")

import talkshard
from tests.made_media import make_plain_video
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared, shared
from tests.speech2vid.dubbing.made_motion import write_motion
from tests.speech2vid.dubbing.made_talk import make_audio, make_talk


@pytest.fixture
def audio(tmp_path):
    return make_audio(tmp_path / "other.wav", 1.5)


def run(capfd, *arguments: object) -> tuple[int, str]:
    """Exit code and what was printed."""
    code = talkshard.main(["dub", *map(str, arguments)])
    out, err = capfd.readouterr()
    return code, (out + err).strip()


def refused(capfd, video, audio, output, *more: object) -> tuple[int, str]:
    """Exit code and the line of a dub that is refused."""
    code, text = run(capfd, "--video", video, "--audio", audio, "--output", output, *more)
    lines = [line for line in text.splitlines() if line.startswith("talkshard:")]
    assert len(lines) == 1 and code != 0
    return code, lines[0]


@needs_models
def test_what_was_done_is_said(tmp_path, audio, capfd):
    video = make_talk(tmp_path / "talk.mp4", 30)
    motion = write_motion(tmp_path / "motion.onnx")
    output = tmp_path / "out.mp4"
    code, text = run(capfd, "--video", video, "--audio", audio, "--output", output, "--motion", motion)
    assert code == 0
    assert "30 frames, 1.20 s; face 1 dubbed in 30, 0 left as they were" in text
    assert "the audio is 0.32 s longer than the video: its end was cut" in text


@pytest.mark.parametrize(
    ("output", "more", "message"),
    [
        ("out.webm", (), "must end in .mp4, .mov or .mkv"),
        ("out.mp4", ("--lossless",), "--output must end in .mkv"),
        ("talk.mp4", (), "inputs are never changed"),
        ("out.mp4", ("--fit", "stretch"), "invalid choice"),
    ],
)
def test_a_wrong_option_ends_before_any_work(tmp_path, audio, capfd, output, more, message):
    video = make_plain_video(tmp_path / "talk.mp4")
    code, line = refused(capfd, video, audio, tmp_path / output, *more)
    assert code == 2 and message in line


def test_a_missing_file_is_named(tmp_path, audio, capfd):
    code, line = refused(capfd, tmp_path / "none.mp4", audio, tmp_path / "out.mp4")
    assert code == 2 and "--video: there is no file" in line


@needs_models
def test_inputs_without_what_is_needed(tmp_path, audio, capfd):
    soundfile.write(tmp_path / "silent.wav", np.zeros(32_000, np.int16), 16_000)
    (tmp_path / "text.mp4").write_text("no video")
    plain = make_plain_video(tmp_path / "plain.mp4")
    expected = {
        (plain, audio): "no face is in view",
        (audio, audio): "has no video",
        (tmp_path / "text.mp4", audio): "is no media file",
        (plain, plain): "has no audio",
        (plain, tmp_path / "silent.wav"): "is silent",
    }
    for (video, said), message in expected.items():
        _, line = refused(capfd, video, said, tmp_path / "out.mp4")
        assert message in line
    assert not (tmp_path / "out.mp4").exists()


@needs_models
@needs_shared
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("k12_hdr_pq.mp4", "high dynamic range"),
        ("k23_encrypted.mp4", "encrypted"),
        ("../known_speaker/two_both_speak.mp4", "--speaker"),
    ],
)
def test_real_files_that_cannot_be_dubbed(tmp_path, audio, capfd, name, message):
    _, line = refused(capfd, shared(f"hard/footage/{name}"), audio, tmp_path / "out.mp4")
    assert message in line
