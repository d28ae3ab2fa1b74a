"""What is measured of a dubbed video, on frames with known answers."""

import numpy as np
import pytest

from speech2vid.dubbing.face_meshes import FaceAt
from speech2vid.evaluation.dub_scores import FramePair, PixelError, seam_visibility

SIDE = 200


def textured() -> np.ndarray:
    """A noisy grey image, RGB uint8."""
    grey = np.random.default_rng(0).integers(100, 120, (SIDE, SIDE, 1), dtype=np.uint8)
    return np.repeat(grey, 3, axis=2)


def face_in_the_middle() -> FaceAt:
    angle = np.linspace(0, 2 * np.pi, 468)
    mesh = np.stack([100 + 40 * np.cos(angle), 100 + 40 * np.sin(angle), 0 * angle], 1)
    mesh[33], mesh[263] = (80, 90, 0), (120, 90, 0)
    return FaceAt(mesh=mesh.astype(np.float32), align=np.eye(2, 3), strength=1.0)


def error_of(dubbed: np.ndarray, face: FaceAt | None) -> float:
    error = PixelError()
    error.add(FramePair(source_rgb=textured(), dubbed_rgb=dubbed, face=face))
    return error.psnr_db


def test_a_change_of_the_face_is_none_outside_it():
    dubbed = textured()
    dubbed[70:130, 70:130] = 0
    assert error_of(dubbed, face_in_the_middle()) == float("inf")
    assert error_of(dubbed, None) < 30


def test_the_error_outside_is_that_of_all_pixels_there():
    dubbed = textured() + np.uint8(2)
    assert error_of(dubbed, face_in_the_middle()) == pytest.approx(10 * np.log10(255**2 / 4))


def test_an_edge_that_was_not_there_is_a_seam():
    source = textured()
    plain, smooth = source.copy(), source.copy()
    plain[50:150, 50:150] += 30
    ramp = np.clip(np.minimum(np.arange(100), np.arange(100)[::-1]) / 40, 0, 1)
    smooth[50:150, 50:150] += (30 * np.minimum(ramp[:, None], ramp))[..., None].astype(np.uint8)
    assert seam_visibility(source, plain) > 2
    assert seam_visibility(source, smooth) == pytest.approx(1, abs=0.1)


def test_without_a_change_there_is_no_seam():
    assert seam_visibility(textured(), textured()) is None
