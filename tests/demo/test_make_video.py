"""The demonstration agrees with its ground truth."""

import numpy as np
import pytest

pytest.importorskip("espeakng_loader", reason="the demo extra is not installed")
pytest.importorskip("skimage", reason="the demo extra is not installed")
import av

from demo.answers import Face, read_answers
from demo.make_video import LAG_FRAMES, make_video
from schemas.clock import FRAME_RATE


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("demonstration")
    make_video(made)
    return made


@pytest.fixture(scope="module")
def answers(folder):
    return read_answers(folder / "answers.json")


@pytest.fixture(scope="module")
def images(folder) -> np.ndarray:
    with av.open(str(folder / "talk.mp4")) as container:
        return np.stack([frame.to_ndarray(format="gray") for frame in container.decode(video=0)])


def speaker(answers, scene: int) -> Face:
    return [face for face in answers.faces if face.speaks][scene]


def mouth_darkness(images: np.ndarray, face: Face) -> np.ndarray:
    """Share of dark pixels around the mouth, each frame: an open mouth is dark inside."""
    left, top, right, bottom = face.box_xyxy
    width, height = right - left, bottom - top
    rows = slice(int(top + 0.62 * height), int(top + 0.92 * height))
    columns = slice(int(left + 0.25 * width), int(right - 0.25 * width))
    return (images[face.start_frame : face.end_frame, rows, columns] < 75).mean(axis=(1, 2))


def audio_loudness(folder, num_frames: int) -> np.ndarray:
    """Loudness in each frame's time, the audio placed by its own presentation times."""
    with av.open(str(folder / "talk.mp4")) as container:
        pieces = [(frame.pts, frame.to_ndarray()[0]) for frame in container.decode(audio=0)]
        samples_a_frame = container.streams.audio[0].rate // FRAME_RATE
    samples = np.zeros(num_frames * samples_a_frame)
    for start, piece in pieces:
        first = max(0, -start)
        piece = piece[first : max(first, len(samples) - start)]
        samples[start + first : start + first + len(piece)] = piece
    return np.sqrt((samples.reshape(num_frames, -1) ** 2).mean(axis=1))


def test_the_video_has_the_length_of_the_ground_truth(folder, answers, images):
    assert len(images) == answers.num_frames and 20 <= answers.num_frames / FRAME_RATE <= 29
    with av.open(str(folder / "talk.mp4")) as container:
        audio = container.streams.audio[0]
        assert (container.streams.video[0].codec.name, audio.codec.name) == ("h264", "aac")
        assert abs(float(audio.duration * audio.time_base) - answers.num_frames / FRAME_RATE) < 0.1


def test_the_only_hard_cut_is_where_the_ground_truth_says(answers, images):
    changes = np.abs(np.diff(images[:, ::4, ::4].astype(float), axis=0)).mean(axis=(1, 2))
    assert tuple(np.flatnonzero(changes > 20) + 1) == answers.cut_frames


@pytest.mark.parametrize("scene", [0, 1])
def test_the_speakers_mouth_opens_as_the_phonemes_ask(answers, images, scene):
    face = speaker(answers, scene)
    openings = answers.mouth_openings[face.start_frame : face.end_frame]
    assert np.corrcoef(mouth_darkness(images, face), openings)[0, 1] > 0.8


def test_the_silent_mouth_stays_shut(answers, images):
    silent = next(face for face in answers.faces if not face.speaks)
    assert mouth_darkness(images, silent).std() < 0.1 * mouth_darkness(images, speaker(answers, 0)).std()


def test_the_audio_is_as_late_as_the_ground_truth_says(folder, answers):
    loudness = audio_loudness(folder, answers.num_frames)
    openings = np.array(answers.mouth_openings)
    correlations = [np.corrcoef(openings[:-15], loudness[lag : len(loudness) - 15 + lag])[0, 1] for lag in range(15)]
    assert abs(int(np.argmax(correlations)) - LAG_FRAMES) <= 1 and max(correlations) > 0.5


def test_the_damaged_copy_loses_frames_but_opens(folder, answers):
    num_decoded, num_errors = 0, 0
    with av.open(str(folder / answers.damaged_video)) as container:
        for packet in container.demux(video=0):
            try:
                num_decoded += len(packet.decode())
            except av.error.InvalidDataError:
                num_errors += 1
    assert num_errors > 0 and 0.9 * answers.num_frames < num_decoded < answers.num_frames
