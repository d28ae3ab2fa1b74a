"""What every detector of the registry must do, on the same images."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from schemas.errors import UsageError
from tests.shared_data import ROOT
from transforms.faces.config import FacesConfig
from transforms.faces.detectors.registry import (
    DETECTORS,
    detector_forms,
    detector_help,
    detector_weights,
    is_detector,
    load_detector,
    require_detector,
)
from transforms.media.boxes import iou_matrix

skimage_data = pytest.importorskip("skimage.data", reason="the extra demo, with its photograph, is not installed")

FACE_XYXY = np.array([[182.0, 62.0, 272.0, 177.0]])  # of the astronaut, px
LANDMARKS = np.array([[206.0, 102.0], [247.0, 104.0], [225.0, 127.0], [205.0, 141.0], [243.0, 144.0]])
NEAR_PX = 25  # closer than the eyes are to each other; one detector gives the mouth's centre for both corners
SHARED_FILES = {"insightface": ("scrfd_500m_bnkps.onnx", "scrfd_2.5g_bnkps.onnx")}
"""Detector that needs files of the user -> files among the shared models that it is tested with, one at a time."""
MAX_EXTRA_MB = 1500  # memory beyond that of the image


def every_detector():
    """Each detector of the registry, with each of its files."""
    for entry in DETECTORS.values():
        for file in SHARED_FILES[entry.name] if entry.argument else ("",):
            yield pytest.param((entry.name, file), id=f"{entry.name}:{file}" if file else entry.name)


@pytest.fixture(scope="module", params=list(every_detector()))
def setting(request, tmp_path_factory):
    """A setting that names the detector, with a folder that holds its one file."""
    name, file = request.param
    if not file:
        return name
    if not (ROOT / "models" / file).is_file():
        pytest.skip(f"the shared model {file} is not at {ROOT / 'models'}")
    folder = tmp_path_factory.mktemp("pack")
    (folder / file).symlink_to(ROOT / "models" / file)
    return f"{name}:{folder}"


@pytest.fixture(scope="module")
def detector(setting):
    try:
        require_detector(setting)
    except UsageError as error:
        pytest.skip(str(error))
    return load_detector(setting, min_box_px=32.0, score=0.5)


@pytest.fixture(scope="module")
def photograph():
    """RGB (512, 512, 3) with one face."""
    return skimage_data.astronaut()


def require_well_formed(found, num_faces=None):
    count = len(found)
    assert num_faces is None or count == num_faces
    assert found.boxes_xyxy.shape == (count, 4) and found.boxes_xyxy.dtype == np.float32
    assert found.scores.shape == (count,) and found.scores.dtype == np.float32
    assert found.landmarks.shape == (count, 5, 2) and found.landmarks.dtype == np.float32
    assert (found.boxes_xyxy[:, 2:] > found.boxes_xyxy[:, :2]).all()
    assert (np.diff(found.scores) <= 0).all() and ((found.scores > 0.5) & (found.scores <= 1)).all()


def test_the_face_of_a_photograph_is_found_where_it_is(detector, photograph):
    found = detector.detect(photograph)
    require_well_formed(found, 1)
    assert iou_matrix(found.boxes_xyxy, FACE_XYXY)[0, 0] > 0.6


def test_landmarks_are_right_eye_left_eye_nose_right_and_left_mouth_corner_of_the_person(detector, photograph):
    found = detector.detect(photograph)
    assert np.linalg.norm(found.landmarks[0] - LANDMARKS, axis=1).max() < NEAR_PX
    x1, y1, x2, y2 = found.boxes_xyxy[0]
    assert ((found.landmarks[0] > (x1, y1)) & (found.landmarks[0] < (x2, y2))).all()


def test_landmarks_of_a_mirrored_face_keep_their_order(detector, photograph):
    found = detector.detect(np.ascontiguousarray(photograph[:, ::-1]))
    require_well_formed(found, 1)
    mirrored = LANDMARKS[[1, 0, 2, 4, 3]] * (-1, 1) + (511, 0)
    assert np.linalg.norm(found.landmarks[0] - mirrored, axis=1).max() < NEAR_PX


@pytest.mark.parametrize(("height", "width"), [(256, 256), (512, 1024), (1024, 512)])
def test_a_face_is_found_in_images_of_other_sizes_and_shapes(detector, photograph, height, width):
    side = min(height, width)
    image = np.full((height, width, 3), 90, np.uint8)
    image[height - side :, width - side :] = cv2.resize(photograph, (side, side), interpolation=cv2.INTER_AREA)
    found = detector.detect(image)
    require_well_formed(found, 1)
    true_box = FACE_XYXY * (side / 512) + np.tile((width - side, height - side), 2)
    assert iou_matrix(found.boxes_xyxy, true_box)[0, 0] > 0.55


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(np.zeros((480, 640, 3), np.uint8), id="black"),
        pytest.param(np.full((480, 640, 3), 128, np.uint8), id="grey"),
        pytest.param(np.full((480, 640, 3), 255, np.uint8), id="white"),
        pytest.param(np.zeros((1, 1, 3), np.uint8), id="one pixel"),
        pytest.param(np.full((2, 2000, 3), 128, np.uint8), id="a line"),
        pytest.param(np.full((2000, 2, 3), 128, np.uint8), id="an upright line"),
    ],
)
def test_an_image_without_content_has_no_face(detector, image):
    require_well_formed(detector.detect(image), 0)


def test_a_huge_image_is_searched_in_bounded_memory(detector, photograph):
    image = np.full((4000, 6000, 3), 90, np.uint8)
    image[:, 1000:5000] = cv2.resize(photograph, (4000, 4000), interpolation=cv2.INTER_CUBIC)
    before_mb = peak_mb(reset=True)
    found = detector.detect(image)
    assert peak_mb() - before_mb < MAX_EXTRA_MB
    require_well_formed(found)
    assert len(found) <= 1
    if len(found):
        assert iou_matrix(found.boxes_xyxy, FACE_XYXY * (4000 / 512) + (1000, 0, 1000, 0))[0, 0] > 0.5


def peak_mb(reset=False):
    """Peak of this process's resident memory, since the last reset."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1000


def test_detection_is_deterministic_and_leaves_the_image_as_it_is(detector, setting, photograph):
    image = photograph.copy()
    again = load_detector(setting, min_box_px=32.0, score=0.5)
    first, second, third = detector.detect(image), detector.detect(image), again.detect(image)
    for other in (second, third):
        for name in ("boxes_xyxy", "scores", "landmarks"):
            assert np.array_equal(getattr(first, name), getattr(other, name)), name
    assert np.array_equal(image, photograph)


def test_a_higher_threshold_finds_no_more_faces(setting, detector, photograph):
    strict = load_detector(setting, min_box_px=32.0, score=0.99)
    assert len(strict.detect(photograph)) <= len(detector.detect(photograph))


@pytest.mark.skipif(not (ROOT / "models").is_dir(), reason=f"the shared models are not at {ROOT / 'models'}")
def test_of_a_pack_only_the_detector_is_loaded(photograph, tmp_path):
    pytest.importorskip("insightface")
    detector, recognition = SHARED_FILES["insightface"][0], tmp_path / "w600k.onnx"
    (tmp_path / detector).symlink_to(ROOT / "models" / detector)
    recognition.write_bytes(b"no network could be made of this")
    assert len(load_detector(f"insightface:{tmp_path}", min_box_px=32.0, score=0.5).detect(photograph)) == 1


def test_a_detector_names_itself_and_its_weights(detector, setting):
    assert detector.name.startswith(setting.partition(":")[0])
    assert re.fullmatch("[0-9a-f]{64}", detector.sha256)
    weights = detector_weights(setting)
    assert detector.sha256 in {file["sha256"] for file in weights.values()}
    assert all(file["licence"] for file in weights.values())


@pytest.mark.parametrize("entry", DETECTORS.values(), ids=lambda entry: entry.name)
def test_the_settings_and_the_help_name_every_detector(entry):
    setting = f"{entry.name}:/a/folder" if entry.argument else entry.name
    assert FacesConfig(detector=setting).detector == setting
    assert entry.form in detector_forms() and entry.form in detector_help()


@pytest.mark.parametrize("text", ["yolo", "", "centerface:/a/folder", "insightface", "insightface:", ":centerface"])
def test_a_setting_that_names_no_detector_is_refused_with_those_that_there_are(text):
    assert not is_detector(text)
    with pytest.raises(ValueError, match=re.escape(detector_forms())):
        FacesConfig(detector=text)


def test_the_default_detector_comes_first():
    assert FacesConfig().detector == next(iter(DETECTORS))
