"""Lips of other frames in a frame: colours that fit it, and nothing changed beyond them."""

import cv2
import numpy as np
import pytest

pytest.importorskip("skimage", reason="the demo extra is not installed")

from speech2vid.dubbing.blend import clone_mouth, share_of
from speech2vid.rendering.still import Still
from tests.pipeline.made_models import needs_models
from tests.speech2vid.dubbing.made_talk import talking_image
from transforms.faces.detectors.registry import load_detector
from transforms.faces.mesh import MediaPipeMesh, region_of_detection, region_of_mesh

pytestmark = needs_models
CLOSED, OPEN = 0, 3  # frames of the made talk


@pytest.fixture(scope="module")
def stills() -> dict[int, Still]:
    detector, mesher = load_detector("centerface", min_box_px=32, score=0.5), MediaPipeMesh()
    found = {}
    for number in (CLOSED, OPEN):
        image = talking_image(number)
        faces = detector.detect(image)
        mesh, _ = mesher.locate(image, region_of_detection(faces.boxes_xyxy[0], faces.landmarks[0]))
        found[number] = Still(face_rgb=image, mesh_px=mesher.locate(image, region_of_mesh(mesh))[0])
    return found


def darkness(image: np.ndarray, mesh: np.ndarray) -> float:
    """How dark the middle of the mouth is, 0..255."""
    x, y = mesh[[13, 14], :2].mean(0).round().astype(int)
    return 255 - float(image[y - 1 : y + 3, x - 6 : x + 6].mean())


def test_an_open_mouth_comes_from_the_still_that_shows_one(stills):
    closed, opened = stills[CLOSED], stills[OPEN]
    image = closed.face_rgb.copy()
    clone_mouth(image, opened.mesh_px, closed.mesh_px, [closed, opened])
    assert darkness(image, opened.mesh_px) > darkness(closed.face_rgb, opened.mesh_px) + 30
    changed = (image != closed.face_rgb).any(2)
    assert not changed[:160].any() and not changed[:, :90].any() and not changed[:, -90:].any()


def test_lips_of_a_still_in_another_light_take_the_frames_colours(stills):
    closed, opened = stills[CLOSED], stills[OPEN]
    bright = Still(face_rgb=cv2.add(opened.face_rgb, (40, 40, 40, 0)), mesh_px=opened.mesh_px)
    images = [closed.face_rgb.copy() for _ in range(2)]
    for image, lender in zip(images, (opened, bright), strict=True):
        clone_mouth(image, opened.mesh_px, closed.mesh_px, [lender])
    changed = (images[0] != closed.face_rgb).any(2)
    assert changed.sum() > 500
    assert np.abs(images[0].astype(int) - images[1])[changed].mean() < 6  # the stills differ by 40


def test_a_mouth_that_the_frame_has_already_is_kept(stills):
    opened = stills[OPEN]
    image = opened.face_rgb.copy()
    clone_mouth(image, opened.mesh_px, opened.mesh_px, [stills[CLOSED]])
    assert np.abs(image.astype(int) - opened.face_rgb).max() <= 2


def test_nothing_is_pasted_at_the_edges_of_the_part():
    share = share_of(np.ones((40, 60), np.float32))
    assert share[0].max() == share[-1].max() == share[:, 0].max() == share[:, -1].max() == 0
    assert share[20, 30] == 1
