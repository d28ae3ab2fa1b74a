"""Which source frame is shown when, and where none is."""

from fractions import Fraction

import numpy as np
import pytest

from schemas.clock import NO_IMAGE, image_gaps, num_timeline_frames, source_frame_of, timeline_parts

MILLISECOND = Fraction(1, 1000)


def shown_at(durations_ms):
    """Source frame of each timeline frame; durations_ms: from each frame to the next."""
    ticks = np.concatenate([[0], np.cumsum(durations_ms)]).astype(np.int64)
    return source_frame_of(ticks, MILLISECOND, num_timeline_frames(ticks, MILLISECOND))


def test_a_constant_rate_has_no_gap():
    assert shown_at([40] * 100).tolist() == list(range(101))


@pytest.mark.parametrize("lost, gap", [(1, 0), (2, 1), (3, 2), (6, 5), (22, 21)])
def test_an_image_lasts_twice_as_long_as_its_neighbours_where_frames_are_lost(lost, gap):
    shown = shown_at([40] * 50 + [40 * (1 + lost)] + [40] * 50)
    assert image_gaps(shown) == ([(52, 52 + gap)] if gap else [])
    assert shown[50:52].tolist() == ([50, 50])
    assert shown[-1] == 101


@pytest.mark.parametrize("rate_ms", [1000, 500, 200])
def test_at_a_low_rate_each_image_lasts_as_long_as_its_neighbours_do(rate_ms):
    assert image_gaps(shown_at([rate_ms] * 30)) == []


def test_where_the_rate_falls_images_last_as_long_as_those_after_them():
    assert image_gaps(shown_at([40] * 50 + [200] * 30 + [40] * 50)) == []


def test_irregular_times_have_no_gap():
    assert image_gaps(shown_at(np.random.default_rng(2).integers(17, 100, 300))) == []


def test_a_lost_frame_of_a_fast_source_leaves_no_gap():
    assert image_gaps(shown_at([17] * 60 + [85] + [17] * 60)) == []


def test_an_image_that_stalls_at_the_begin_or_before_the_end_is_a_gap_too():
    assert image_gaps(shown_at([1000] + [40] * 50)) == [(2, 25)]
    assert image_gaps(shown_at([40] * 50 + [1000])) == [(52, 75)]


def test_two_images_have_no_neighbours_to_be_compared_with():
    assert shown_at([3000]).tolist() == [0] * 75 + [1] * 75


def test_a_jump_of_the_clock_parts_the_timeline_and_a_short_gap_does_not():
    hours = shown_at([40] * 50 + [10 * 3_600_000] + [40] * 50)
    assert timeline_parts(hours) == [(0, 77), (900_050, 900_101)]
    assert set(hours[77:900_050].tolist()) == {NO_IMAGE}
    assert timeline_parts(shown_at([40] * 50 + [9000] + [40] * 50)) == [(0, 326)]
