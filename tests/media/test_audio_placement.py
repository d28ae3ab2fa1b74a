"""Where runs of audio frames are placed."""

from fractions import Fraction

import av
import numpy as np

from transforms.media.audio_placement import Placement

NUM = 1_600  # samples of a frame: 0.1 s


def frame(pts=None, samples=NUM):
    made = av.AudioFrame.from_ndarray(np.zeros((1, samples), np.int16), format="s16", layout="mono")
    made.sample_rate, made.time_base, made.pts = 16_000, Fraction(1, 16_000), pts
    return made


def starts(frames):
    """Start of each run that begins with one of the frames; None: that frame continues its run; "gap" parts runs."""
    placement, found = Placement(Fraction(0)), []
    for one in frames:
        if one == "gap":
            placement.forget()
        else:
            found.append(placement.run_start_s(one))
    return found


def test_a_run_begins_at_the_time_of_its_first_frame():
    assert starts([frame(4_000), frame(4_000 + NUM)]) == [Fraction(1, 4), None]


def test_a_run_without_a_time_begins_where_the_frame_before_it_ended():
    assert starts([frame(0), frame(NUM), "gap", frame()]) == [0, None, Fraction(2, 10)]


def test_a_stream_without_any_time_begins_at_zero():
    assert starts([frame(), frame()]) == [0, None]


def test_a_jump_begins_a_run():
    assert starts([frame(0), frame(16_000)]) == [0, 1]
