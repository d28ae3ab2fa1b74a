"""The pixels that the published SyncNet takes."""

import cv2
import numpy as np
import pytest

from tests.speakers.published_syncnet import made_tubes, released_crops
from transforms.media.face_crop import cut_face
from transforms.media.tubes import FaceTube
from transforms.speakers.syncnet_crop import crop_squares, face_windows, syncnet_crop

SMOOTH = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (400, 500, 3), np.uint8), (0, 0), 9)
SMOOTH = cv2.normalize(SMOOTH, None, 0, 255, cv2.NORM_MINMAX)


def test_a_square_holds_the_box_and_more_below_it():
    squares = crop_squares(np.tile([100.0, 50.0, 180.0, 150.0], (20, 1)))
    np.testing.assert_allclose(squares, np.tile([140 - 70, 50, 140], (20, 1)))


def test_a_single_outlying_box_does_not_move_the_crop():
    boxes = np.tile([100.0, 50.0, 180.0, 150.0], (20, 1))
    boxes[9] = [0, 0, 400, 400]
    np.testing.assert_allclose(crop_squares(boxes), crop_squares(boxes[:9].repeat(3, 0)[:20]))


def test_the_ends_are_not_smoothed_towards_zero():
    steady = crop_squares(np.tile([100.0, 50.0, 180.0, 150.0], (3, 1)))
    assert np.ptp(steady, axis=0).max() == 0


def test_crops_are_the_released_programs_where_the_tubes_crop_reaches():
    boxes = np.tile([150.0, 100.0, 290.0, 260.0], (13, 1))
    cutout = cut_face(SMOOTH, (250.0, 200.0, 390.0), 500, 100)
    rgb = cv2.cvtColor(cv2.imdecode(np.frombuffer(cutout.jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    found = syncnet_crop(rgb, cutout.to_source, crop_squares(boxes)[6])
    [*_, expected] = released_crops([SMOOTH[..., ::-1]] * 13, boxes)[:7]
    difference = np.abs(found.astype(int) - expected)
    assert found.std() > 20 and difference.mean() < 2 and np.percentile(difference, 99) < 10


def test_beyond_the_tubes_crop_the_image_is_filled():
    white = np.full((100, 100, 3), 255, np.uint8)
    found = syncnet_crop(white, np.array([[1, 0, 0], [0, 1, 0]]), np.array([50.0, 0.0, 100.0]))
    assert (found[4:-4, :108] == 255).all() and (found[:, 116:] == 110).all()


def test_colours_are_blue_green_red():
    red = np.zeros((50, 50, 3), np.uint8)
    red[..., 0] = 200
    assert syncnet_crop(red, np.array([[1, 0, 0], [0, 1, 0]]), np.array([5.0, 5.0, 30.0]))[100, 100].tolist() == [
        0,
        0,
        200,
    ]


@pytest.mark.parametrize(("num_frames", "sizes"), [(4, []), (5, [1]), (12, [8]), (13, [8, 1]), (20, [8, 8])])
def test_every_complete_window_is_given_once(num_frames, sizes):
    assert [len(windows) for windows in face_windows(made_tubes(num_frames).tube("t00"))] == sizes


def test_a_windows_channels_are_five_frames_of_each_colour():
    tube = made_tubes(13).tube("t00")
    squares = crop_squares(tube.boxes_xyxy)
    first, last = face_windows(tube)
    expected = syncnet_crop(tube.crop(10), tube.crop_to_source[10], squares[10])
    np.testing.assert_array_equal(last[0, [2, 7, 12]], expected.transpose(2, 0, 1))  # frame 10 of 8 .. 12
    np.testing.assert_array_equal(first[7, [3, 8, 13]], expected.transpose(2, 0, 1))  # of 7 .. 11


def test_a_long_track_is_decoded_batch_by_batch(monkeypatch):
    decoded = []
    crop = FaceTube.crop
    monkeypatch.setattr(FaceTube, "crop", lambda tube, frame: decoded.append(frame) or crop(tube, frame))
    batches = face_windows(made_tubes(60).tube("t00"))
    next(batches)
    assert decoded == list(range(12))
    next(batches)
    assert decoded == list(range(20))
