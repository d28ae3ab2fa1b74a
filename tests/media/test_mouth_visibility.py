"""Mouth visibility on a photograph and on the shared recordings, with covers painted over the mouth."""

import re
from dataclasses import fields
from hashlib import sha256

import cv2
import numpy as np
import pytest

from benchmarks.mouth_visibility.__main__ import place_of
from benchmarks.mouth_visibility.covers import KINDS, cover
from benchmarks.mouth_visibility.recorded_tubes import tubes_of_recording
from tests.shared_data import needs_shared, shared
from transforms.faces.config import FacesConfig
from transforms.faces.detectors.registry import load_detector
from transforms.faces.face_tracker import FaceTracker, tracks_of
from transforms.faces.finish_track import finish_tube
from transforms.faces.mesh import MediaPipeMesh
from transforms.faces.stopwatch import Stopwatch
from transforms.media.canonical import CanonicalFace
from transforms.media.face_crop import encode_jpeg
from transforms.media.mouth_visibility import WEIGHTS_PATH, mouth_patch, mouth_visibility, visibility
from transforms.media.tubes import FaceTube

skimage_data = pytest.importorskip("skimage.data", reason="the extra demo, with its photograph, is not installed")
CANONICAL = CanonicalFace()


def tube_of(image, canonical=CANONICAL):
    """The face tube of a still image that is shown for three frames."""
    detector = load_detector("centerface", min_box_px=32.0, score=0.5)
    tracker = FaceTracker(detector, MediaPipeMesh(), FacesConfig(), canonical, Stopwatch())
    [(track, _)], _ = tracks_of([(frame, image) for frame in range(3)], tracker, 3, "source_end")
    return finish_tube(track, canonical, 11)[0]


@pytest.fixture(scope="module")
def photograph():
    """RGB (512, 512, 3) of a smiling woman with bare teeth."""
    return skimage_data.astronaut()


def test_a_mouth_with_teeth_is_seen(photograph):
    assert mouth_visibility(tube_of(photograph), CANONICAL).mean() > 0.9


@pytest.mark.parametrize("shade", [0.35, 0.6, 1.2])
def test_light_does_not_matter(photograph, shade):
    image = np.clip(photograph * shade, 0, 255).astype(np.uint8)
    assert mouth_visibility(tube_of(image), CANONICAL).mean() > 0.8


def test_a_mouth_in_black_and_white_is_seen(photograph):
    grey = cv2.cvtColor(cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    assert mouth_visibility(tube_of(grey), CANONICAL).mean() > 0.8


def test_the_size_and_margin_of_the_stored_face_do_not_matter(photograph):
    wide = CanonicalFace(image_px=256, margin=0.2)
    assert mouth_visibility(tube_of(photograph, wide), wide).mean() > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_a_covered_mouth_is_not_seen(photograph, kind):
    tube = tube_of(photograph)
    crop, place = tube.crop(0), place_of(tube, 0)
    found = [visibility(mouth_patch(cover(crop, place, kind, seed), tube, 0, CANONICAL)) for seed in range(900, 910)]
    assert np.mean(found) < 0.25


def test_the_card_names_the_weights():
    card = WEIGHTS_PATH.with_suffix(".md").read_text()
    assert re.search(r"sha256 ([0-9a-f]{64})", card)[1] == sha256(WEIGHTS_PATH.read_bytes()).hexdigest()


@needs_shared
def test_a_caption_over_the_mouth_is_noticed():
    [tube] = tubes_of_recording(shared("hard/footage/k14_caption_over_mouth.mp4"))
    assert mouth_visibility(tube, CANONICAL).mean() < 0.3


@needs_shared
@pytest.mark.parametrize(
    "path", ["dev/clips/WDA_KatieHill_000.mp4", "hard/pose/sample_video.mp4", "dev/talks/GzLqfm08oBI_109_.mp4"]
)
def test_mouths_that_are_not_covered_are_seen(path):
    """Teeth; a beard on a turned head; a face of 50 px."""
    tubes = tubes_of_recording(shared(path))
    assert max(mouth_visibility(tube, CANONICAL).mean() for tube in tubes) > 0.6


def test_each_tenth_frame_is_measured_and_kept_until_the_next(photograph):
    still = tube_of(photograph)
    parts = {field.name: getattr(still, field.name)[[0] * 15] for field in fields(still) if "crops" not in field.name}
    jpeg, covered = still.crops_jpeg[: still.crops_index[1]], cover(still.crop(0), place_of(still, 0), KINDS[0], 900)
    dark = np.frombuffer(encode_jpeg(covered, 95), np.uint8)
    jpegs = [jpeg] * 10 + [dark] * 5
    index = np.cumsum([0, *map(len, jpegs)]).astype(np.uint32)
    seen = mouth_visibility(FaceTube(**parts, crops_jpeg=np.concatenate(jpegs), crops_index=index), CANONICAL)
    assert seen.shape == (15,) and np.ptp(seen[:10]) == 0 == np.ptp(seen[10:])
    assert seen[0] > 0.9 > 0.5 > seen[14]
