"""From a drawn face over its cut-out to the stored face: no pixel goes astray on the way."""

import cv2
import numpy as np
import pytest

from transforms.clips.clip_parts import align_face
from transforms.media.canonical import FILL_VALUE, CanonicalFace, fit_similarity
from transforms.media.face_crop import cut_face, decode_jpeg

COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))


def drawn_face(points, radius):
    """A dark image with a disc of its own colour at each point."""
    image = np.full((600, 800, 3), 20, np.uint8)
    for (x, y), colour in zip(points, COLOURS, strict=False):
        centre = round(float(x) * 16), round(float(y) * 16)
        cv2.circle(image, centre, round(radius * 16), colour, -1, lineType=cv2.LINE_AA, shift=4)
    return image


def centre_of(image, colour):
    weight = image.astype(np.float64) @ (np.array(colour) / 127.5 - 1)
    weight = np.where(weight > 60, weight, 0)
    rows, columns = np.mgrid[: len(image), : image.shape[1]]
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()


@pytest.mark.parametrize("image_px", [112, 256])
@pytest.mark.parametrize("eyes_px", [40.0, 150.0, 260.0])  # kept as they are, and made smaller
@pytest.mark.parametrize("tilt_deg", [0.0, 20.0])
def test_eyes_and_nose_land_on_the_canonical_points(image_px, eyes_px, tilt_deg):
    canonical = CanonicalFace(image_px=image_px)
    turn = np.array([[np.cos(a := np.radians(tilt_deg)), -np.sin(a)], [np.sin(a), np.cos(a)]])
    shape = np.array([[-0.5, -0.3], [0.5, -0.3], [0.02, 0.3]]) * eyes_px
    points = shape @ turn.T + [410.3, 290.7]
    align = fit_similarity(points[None], canonical.targets)[0]
    scale = np.hypot(align[0, 0], align[1, 0])
    crop = cut_face(drawn_face(points, eyes_px / 12), (410.3, 290.7, 1.5 * image_px / scale), 2 * image_px, 95)
    face = align_face(decode_jpeg(crop.jpeg), crop.to_source, align, image_px)
    expected = points @ align[:, :2].T + align[:, 2]
    found = np.array([centre_of(face, colour) for colour in COLOURS])
    assert np.abs(found - expected).max() < 1.0


def test_a_small_face_is_not_enlarged_before_it_is_stored():
    crop = cut_face(np.zeros((100, 100, 3), np.uint8), (50, 50, 40), 224, 95)
    assert decode_jpeg(crop.jpeg).shape == (40, 40, 3)
    assert crop.to_source == pytest.approx(np.array([[1, 0, 30], [0, 1, 30]]))


def test_pixels_outside_the_image_are_grey():
    crop = decode_jpeg(cut_face(np.full((100, 100, 3), 250, np.uint8), (0, 50, 40), 224, 95).jpeg)
    assert abs(int(crop[20, 5, 0]) - FILL_VALUE) <= 3 and crop[20, 35, 0] > 240


def test_a_face_wholly_outside_the_image_is_all_grey():
    crop = decode_jpeg(cut_face(np.full((50, 50, 3), 250, np.uint8), (-200, -200, 40), 224, 95).jpeg)
    assert np.abs(crop.astype(int) - FILL_VALUE).max() <= 3
