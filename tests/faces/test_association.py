import numpy as np
import pytest

from transforms.faces.association import assign
from transforms.media.boxes import iou_matrix

LEFT, RIGHT = (0.0, 0.0, 10.0, 10.0), (100.0, 0.0, 110.0, 10.0)


def moved(box, dx):
    return (box[0] + dx, box[1], box[2] + dx, box[3])


def test_overlap_is_intersection_over_union():
    found = iou_matrix(np.array([LEFT]), np.array([LEFT, moved(LEFT, 5), RIGHT]))
    assert found == pytest.approx(np.array([[1, 50 / 150, 0]]))


def test_faces_in_another_order_keep_their_tracks():
    assert assign(np.array([LEFT, RIGHT]), np.array([moved(RIGHT, 1), moved(LEFT, 1)]), 0.3) == {0: 1, 1: 0}


def test_the_sum_of_overlaps_decides_not_the_first_come():
    # The first face fits both boxes, the second only one: a greedy choice would leave it without any.
    known, found = np.array([LEFT, moved(LEFT, 6)]), np.array([moved(LEFT, 2), moved(LEFT, -3)])
    assert assign(known, found, 0.3) == {0: 1, 1: 0}


def test_too_little_overlap_is_no_match():
    assert assign(np.array([LEFT]), np.array([moved(LEFT, 6)]), 0.3) == {}


def test_no_faces_match_nothing():
    assert assign(np.zeros((0, 4)), np.array([LEFT]), 0.3) == {} == assign(np.array([LEFT]), np.zeros((0, 4)), 0.3)
