"""Smaller copies of images keep places and mean levels, at any factor."""

import numpy as np
import pytest

from transforms.media.shrink import halved, num_halvings, shrink


@pytest.mark.parametrize(("factor", "times"), [(0.5, 0), (1.0, 0), (1.9, 0), (2.0, 1), (3.9, 1), (4.0, 2), (9.0, 3)])
def test_what_is_left_after_halving_is_less_than_two(factor, times):
    assert num_halvings(factor) == times


def test_halving_averages_four_pixels_and_leaves_out_an_odd_edge():
    image = np.arange(5 * 7, dtype=np.uint8).reshape(5, 7) * 4
    expected = (image[:4, :6].astype(float).reshape(2, 2, 3, 2)).mean((1, 3))
    assert halved(image, 1).shape == (2, 3)
    assert np.abs(halved(image, 1) - expected).max() <= 1


@pytest.mark.parametrize("size", [(30, 20), (100, 61), (299, 200), (350, 220)])
def test_a_spot_keeps_its_place(size):
    image = np.zeros((200, 300), np.uint8)
    image[90:110, 190:210] = 255
    rows, columns = np.nonzero(shrink(image, size) > 100)
    scale = np.array(size) / [300, 200]
    found = np.array([columns.mean(), rows.mean()]) + 0.5
    assert np.abs(found / scale - [200, 100]).max() < 3


def test_fine_stripes_become_their_mean_and_no_coarse_ones():
    stripes = np.tile(np.array([0, 255], np.uint8), (400, 200))
    small = shrink(stripes, (100, 100))
    assert np.abs(small.astype(int) - 127).max() <= 1
