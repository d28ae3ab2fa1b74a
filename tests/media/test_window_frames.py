import dataclasses
import os
from fractions import Fraction

import pytest

from schemas.clock import num_timeline_frames
from schemas.records import Video, Window
from tests.made_media import make_plain_video, make_video, number_of
from tests.made_records import made_source
from tests.shared_data import needs_shared, shared
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.probe import probe_media
from transforms.media.timeline_file import timeline_bytes
from transforms.media.window_frames import WindowFrames


def video_of(path, source_id):
    probe, timeline = probe_media(os.fspath(path), LimitsConfig(), AudioConfig())
    (path.parent / f"{source_id}.npz").write_bytes(timeline_bytes(timeline))
    return Video(
        source=made_source(os.fspath(path), source_id),
        probe=probe,
        audio_uri="",
        speech=(),
        speech_model="",
        num_frames=num_timeline_frames(timeline.presentation_ticks, timeline.time_base),
        timeline_uri=os.fspath(path.parent / f"{source_id}.npz"),
    )


def frames_seen(video):
    """Timeline frames that have an image."""
    window = Window(video=video, index=0, start_frame=0, end_frame=video.num_frames, is_last=True)
    images = WindowFrames(lambda uri: uri)
    seen = [frame for frame, _ in images.of(window)]
    images.close()
    return seen


def test_where_the_image_stops_for_a_while_there_are_no_frames(tmp_path):
    times_s = [Fraction(number, 25) + (1 if number >= 50 else 0) for number in range(100)]
    video = video_of(make_video(tmp_path / "a.mp4", times_s), "c" * 16)
    assert (video.num_frames, video.probe.used_video.gap_frames) == (125, 24)
    assert frames_seen(video) == [*range(51), *range(75, 125)]


@needs_shared
@pytest.mark.parametrize(
    ("begin", "seen"), [("k03_", [*range(76), *range(700, 775)]), ("k04_", [*range(51), *range(73, 150)])]
)
def test_real_gaps_have_no_frames(tmp_path, begin, seen):
    path = tmp_path / "a.mp4"
    path.symlink_to(next(shared("hard/footage").glob(f"{begin}*")))
    assert frames_seen(video_of(path, "d" * 16)) == seen


def test_fifty_frames_a_second_give_every_second_one_from_file_to_file(tmp_path):
    fast = video_of(make_plain_video(tmp_path / "a.mp4", 100, Fraction(50)), "a" * 16)
    slow = video_of(make_plain_video(tmp_path / "b.mp4", 25, Fraction(25, 2)), "b" * 16)
    first = Window(video=fast, index=0, start_frame=0, end_frame=20, is_last=False)
    images = WindowFrames(lambda uri: uri)

    def seen(window):
        return [(frame, number_of(image)) for frame, image in images.of(window)]

    assert seen(first) == [(frame, 2 * frame + 1) for frame in range(20)]
    assert seen(dataclasses.replace(first, start_frame=20, end_frame=50)) == [
        (frame, 2 * frame + 1) for frame in range(20, 50)
    ]
    assert seen(dataclasses.replace(first, video=slow)) == [(frame, frame // 2) for frame in range(20)]
    images.close()
