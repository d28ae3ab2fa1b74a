"""Which video stream of a file is used, with a count of faces that goes by the image's size."""

import av
import numpy as np
import pytest

from schemas.errors import MissingStream
from tests.made_media import number_of
from tests.made_streams import make_streams, tone, with_programmes
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.frames import FrameReader
from transforms.media.video_choice import choose_video

SMALL, LARGE = (96, 64), (160, 96)
TONE = tone(32_000)


def in_small(image):
    """One face in each image of the smaller size."""
    return int(image.shape[:2] == SMALL[::-1])


def in_all(image):
    return 1


def in_none(image):
    return 0


def chosen(path, count_faces, index=-1):
    return choose_video(str(path), LimitsConfig(), AudioConfig(), index, count_faces)


def index_of(path, count_faces, index=-1):
    return chosen(path, count_faces, index)[0].video.index


def refuses(image):
    raise AssertionError("an ordinary file costs no look")


@pytest.mark.parametrize(
    ("videos", "count_faces", "expected"),
    [
        ((LARGE, SMALL), in_small, 1),
        ((SMALL, LARGE), in_small, 0),
        ((LARGE, LARGE, SMALL), in_small, 2),
        ((LARGE, SMALL), in_all, 0),
        ((LARGE, SMALL), in_none, 0),
        ((LARGE, SMALL), None, 0),
        ((LARGE,), refuses, 0),
    ],
)
def test_of_several_streams_the_one_that_shows_faces_is_used(tmp_path, videos, count_faces, expected):
    path = make_streams(tmp_path / "a.mkv", videos=videos, audio=[TONE], layouts=["mono"])
    probe, timeline = chosen(path, count_faces)
    assert probe.video.index == expected
    assert len(timeline.presentation_ticks) == 50
    assert [(one.width, one.height) for one in probe.video_streams] == list(videos)


def test_a_face_on_a_slide_is_none(tmp_path):
    path = make_streams(tmp_path / "a.mkv", videos=[LARGE, SMALL], moving=[False, True])
    assert index_of(path, in_all) == 1


def test_a_stream_that_was_asked_for_is_used(tmp_path):
    path = make_streams(tmp_path / "a.mkv", videos=[LARGE, SMALL], audio=[TONE], layouts=["mono"])
    assert index_of(path, in_small, 0) == 0
    assert index_of(path, in_none, 1) == 1
    with pytest.raises(MissingStream, match=r"has no video stream 2; its video streams are: 0, 1 \(video.stream\)"):
        index_of(path, in_all, 2)


@pytest.mark.parametrize(
    ("programmes", "count_faces", "video", "audio"),
    [
        ([[(0x100, True), (0x103, False)], [(0x101, True), (0x102, False)]], in_small, 0x101, 0x102),
        ([[(0x100, True), (0x103, False)], [(0x101, True), (0x102, False)]], in_all, 0x100, 0x103),
        ([[(0x100, True)], [(0x101, True), (0x102, False), (0x103, False)]], in_all, 0x101, 0x102),
    ],
)
def test_a_video_is_used_with_the_audio_of_its_own_programme(tmp_path, programmes, count_faces, video, audio):
    made = make_streams(
        tmp_path / "a.ts", videos=[LARGE, SMALL], audio=[TONE] * 2, layouts=["mono"] * 2, audio_codec="mp2"
    )
    path = with_programmes(made, tmp_path / "b.ts", programmes)
    probe, _ = chosen(path, count_faces)
    assert ids_of(path, [probe.video.index, probe.used_audio.index]) == [video, audio]


def ids_of(path, indices):
    """Packet ids of some streams of a transport stream."""
    with av.open(str(path)) as container:
        return [container.streams[index].id for index in indices]


def test_images_are_those_of_the_chosen_stream(tmp_path):
    path = make_streams(tmp_path / "a.mkv", videos=[LARGE, LARGE], moving=[False, True])
    probe, timeline = chosen(path, in_all)
    with FrameReader(str(path), probe, timeline) as reader:
        assert [number_of(image) for _, image in reader.frames(np.arange(0, 50, 7))] == list(range(0, 50, 7))
