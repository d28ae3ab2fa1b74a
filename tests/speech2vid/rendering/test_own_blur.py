import cv2
import numpy as np
import pytest

from speech2vid.rendering.face_renderer import FaceRenderer
from speech2vid.rendering.own_blur import missing_blur_px
from speech2vid.rendering.painter_file import PainterFile
from speech2vid.rendering.painter_input import painter_input
from speech2vid.rendering.still import Still
from tests.speech2vid.rendering.made_faces import made_mesh

PART = (slice(80, 240), slice(48, 208))


def photograph(blur_px=0.0, size_px=256):
    """An image whose power falls with the square of the frequency, as that of photographs does."""
    random = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(size_px)[:, None], np.fft.rfftfreq(size_px))
    noise = np.fft.rfft2(random.normal(size=(size_px, size_px))) / np.maximum(frequency, 1 / size_px)
    luma = np.fft.irfft2(noise)
    if blur_px:
        luma = cv2.GaussianBlur(luma, (0, 0), blur_px)
    face = np.clip(np.round(127 + 40 * luma / luma.std()), 0, 255).astype(np.uint8)
    return Still(face_rgb=np.dstack([face] * 3), mesh_px=made_mesh(size_px))


def test_into_a_sharp_photograph_is_drawn_sharply():
    assert missing_blur_px(photograph(), PART) == pytest.approx(0.5)


@pytest.mark.parametrize("blur_px", [2.0, 2.5])
def test_what_is_drawn_becomes_as_blurred_as_the_photograph(blur_px):
    drawn_px = 1.5  # as sharp as is usual
    assert np.hypot(drawn_px, missing_blur_px(photograph(blur_px), PART)) == pytest.approx(blur_px, rel=0.15)


def test_twice_as_large_an_image_is_blurred_twice_as_widely():
    small, large = (missing_blur_px(photograph(2.5 * scale, 256 * scale), PART) for scale in (1, 2))
    assert large == pytest.approx(2 * small, rel=0.15)


def test_an_image_of_one_colour_has_some_blur():
    grey = Still(face_rgb=np.full((256, 256, 3), 90, np.uint8), mesh_px=made_mesh())
    assert 0.5 <= missing_blur_px(grey, PART) <= 3


def test_teeth_in_a_blurred_photograph_have_no_sharper_edges_than_it_has():
    edges, target = {}, made_mesh(opening=1)
    for blur_px in (0.0, 2.5):
        still = photograph(blur_px)
        painted = FaceRenderer([still], PainterFile()).render(still, target).rgb
        seen = painter_input(still, [still], target)
        edges[blur_px] = cv2.Laplacian(painted[seen.part], cv2.CV_64F)[seen.between_lips > 0.5].std()
    assert edges[2.5] < 0.5 * edges[0.0]
