"""Copies of one image that a recorder put where it had none."""

import numpy as np
import pytest

from transforms.media.stalled_images import without_stalls


def image_of(level, noise=0):
    image = np.full((40, 60, 3), 50, np.uint8)
    image[10:20, level % 50 : level % 50 + 8] = 200
    image[0, 0] = 50 + noise
    return image


def frames_shown(images):
    return [frame for frame, _ in without_stalls(list(enumerate(images)))]


def moving(first, num_frames):
    return [image_of(number) for number in range(first, first + num_frames)]


@pytest.mark.parametrize("noise", [0, 5])
def test_of_a_stall_only_what_its_neighbours_last_is_shown(noise):
    stall = [image_of(19, noise * (copy % 2)) for copy in range(22)]
    images = moving(0, 20) + stall + moving(20, 20)
    assert frames_shown(images) == [*range(21), *range(42, 62)]


def test_a_few_copies_are_no_stall():
    images = moving(0, 20) + [image_of(19) for _ in range(6)] + moving(20, 20)
    assert frames_shown(images) == list(range(46))


def test_a_low_rate_written_at_25_frames_a_second_has_no_stall():
    images = [image_of(number // 5) for number in range(100)]
    assert frames_shown(images) == list(range(100))


def test_one_source_frame_that_is_shown_for_long_is_judged_by_its_time_and_not_here():
    held = image_of(19)
    assert frames_shown(moving(0, 19) + [held] * 30 + moving(20, 6)) == list(range(55))


def test_a_photograph_is_shown_from_begin_to_end():
    assert frames_shown([image_of(3) for _ in range(100)]) == list(range(100))


def test_what_was_not_decoded_stays_so_and_is_no_copy():
    images = [*moving(0, 20), *[None] * 12, *moving(20, 5)]
    shown = list(without_stalls(list(enumerate(images))))
    assert [frame for frame, _ in shown] == list(range(37))
    assert [frame for frame, rgb in shown if rgb is None] == list(range(20, 32))


def test_images_come_in_order_and_are_the_arrays_that_went_in():
    images = moving(0, 10) + [image_of(9) for _ in range(5)] + moving(10, 5)
    assert all(rgb is images[frame] for frame, rgb in without_stalls(list(enumerate(images))))
