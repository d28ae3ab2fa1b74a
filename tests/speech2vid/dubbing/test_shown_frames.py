"""Which source frame a dubbed video shows when: as the source does, and as --fit says after its end."""

from fractions import Fraction

import numpy as np
import pytest

from schemas.media import Timeline
from speech2vid.dubbing.shown_frames import ShownFrames


def timeline(ticks, time_base=Fraction(1, 1000)):
    ticks = np.array(ticks, np.int64)
    return Timeline(presentation_ticks=ticks, key_frames=np.ones(len(ticks), bool), time_base=time_base)


UNEVEN = timeline([500, 540, 600, 620])  # lasts 40, 60, 20 and, as the median, 40 ticks


def shown(audio_s, fit):
    frames = ShownFrames(UNEVEN, Fraction(audio_s), fit)
    return [(frame.source_frame, frame.ticks, frame.duration_ticks) for frame in frames], frames


@pytest.mark.parametrize("fit", ["trim", "loop", "hold"])
@pytest.mark.parametrize("audio_s", ["0.05", "0.16"])
def test_audio_that_is_not_longer_leaves_the_frames_as_they_are(fit, audio_s):
    found, frames = shown(audio_s, fit)
    assert found == [(0, 0, 40), (1, 40, 60), (2, 100, 20), (3, 120, 40)]
    assert frames.length_s == frames.video_s == Fraction(160, 1000)


def test_trim_ends_with_the_video():
    found, frames = shown("1", "trim")
    assert len(found) == 4
    assert frames.length_s == Fraction(160, 1000)


def test_loop_begins_the_video_again_until_the_audio_ends():
    found, frames = shown("0.22", "loop")
    assert found[4:] == [(0, 160, 40), (1, 200, 60)]
    assert frames.length_s == Fraction(220, 1000)


def test_hold_repeats_the_last_frame_at_the_videos_rate():
    found, _ = shown("0.25", "hold")
    assert found[4:] == [(3, 160, 40), (3, 200, 40), (3, 240, 40)]


def test_a_video_of_one_frame_can_be_held():
    frames = ShownFrames(timeline([7]), Fraction(1, 10), "hold")
    assert [frame.ticks for frame in frames] == [0, 40, 80]
