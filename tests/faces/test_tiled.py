import numpy as np
import pytest

from transforms.faces.config import FacesConfig
from transforms.faces.detectors.detections import Detections
from transforms.faces.detectors.registry import load_detector
from transforms.faces.detectors.tiled import TiledDetector

SIDE = 30  # px of the made faces


class WhiteSquares:
    """Finds white squares, where the image that it is given is not larger than 400 px, or where they are large."""

    name, sha256 = "squares", "0" * 64

    def detect(self, rgb):
        rows, columns = np.nonzero(rgb[..., 0] == 255)
        corners = sorted({(int(x), int(y)) for x, y in zip(columns, rows, strict=True)} & self._corners(rgb))
        if max(rgb.shape[:2]) > 400:
            corners = []
        boxes = np.array([[x, y, x + SIDE, y + SIDE] for x, y in corners], np.float32).reshape(-1, 4)
        boxes = np.minimum(boxes, np.tile(np.array(rgb.shape[1::-1], np.float32), 2))
        return Detections(
            boxes_xyxy=boxes, scores=np.full(len(boxes), 0.9, np.float32), landmarks=np.repeat(boxes[:, None, :2], 5, 1)
        )

    def _corners(self, rgb):
        """Upper left corners of white areas, also of those that the image's edge cuts off."""
        white = np.pad(rgb[..., 0] == 255, 1)
        starts = white[1:, 1:] & ~white[:-1, 1:] & ~white[1:, :-1]
        return {(int(x), int(y)) for y, x in zip(*np.nonzero(starts[:-1, :-1]), strict=True)}

    def smallest_face_px(self, width, height):
        return 0.1 * max(width, height)


def image_with(*corners):
    image = np.zeros((600, 1000, 3), np.uint8)
    for x, y in corners:
        image[y : y + SIDE, x : x + SIDE] = 255
    return image


@pytest.mark.parametrize("corner", [(10, 10), (301, 200), (505, 310), (960, 560), (275, 281)])
def test_a_small_face_is_found_once_wherever_it_lies(corner):
    found = TiledDetector(WhiteSquares(), tiles=4, min_box_px=32.0).detect(image_with(corner))
    assert found.boxes_xyxy.tolist() == [[corner[0], corner[1], corner[0] + SIDE, corner[1] + SIDE]]
    assert found.landmarks[0, 0].tolist() == list(corner)


def test_without_tiles_it_is_not_found():
    assert len(TiledDetector(WhiteSquares(), tiles=1, min_box_px=32.0).detect(image_with((10, 10)))) == 0


def test_as_many_tiles_as_the_smallest_face_needs():
    detector = TiledDetector(WhiteSquares(), tiles=0, min_box_px=32.0)
    assert detector.smallest_face_px(1000, 600) <= 32.0
    assert len(detector.detect(image_with((10, 10), (700, 400)))) == 2
    assert TiledDetector(WhiteSquares(), tiles=0, min_box_px=100.0).smallest_face_px(1000, 600) == 100.0


def test_the_smallest_face_is_known_of_each_detector():
    assert load_detector("centerface", min_box_px=32.0, score=0.5).smallest_face_px(640, 360) <= 32.0
    large = load_detector("centerface", min_box_px=32.0, score=0.5).smallest_face_px(3840, 2160)
    assert large == pytest.approx(40.0)
    assert load_detector("centerface", min_box_px=32.0, score=0.5, tiles=0).smallest_face_px(3840, 2160) <= 32.5


@pytest.mark.parametrize("tiles", [-1, 9])
def test_a_number_of_tiles_out_of_range_is_refused(tiles):
    with pytest.raises(ValueError, match=r"faces\.tiles must be in 0\.\.8"):
        FacesConfig(tiles=tiles)


def test_a_photograph_s_small_face_in_a_large_image_is_found_with_tiles():
    astronaut = pytest.importorskip("skimage.data").astronaut()
    import cv2

    image = np.full((2160, 3840, 3), 90, np.uint8)
    image[1000:1160, 3000:3160] = cv2.resize(astronaut, (160, 160), interpolation=cv2.INTER_AREA)  # a face of 28 px
    assert len(load_detector("centerface", min_box_px=24.0, score=0.5).detect(image)) == 0
    found = load_detector("centerface", min_box_px=24.0, score=0.5, tiles=0).detect(image)
    assert len(found) == 1 and 3000 < found.boxes_xyxy[0, 0] < 3160
