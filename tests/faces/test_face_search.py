"""The whole image is searched where a face may have appeared; elsewhere only the places of the followed faces."""

import numpy as np
import pytest

from tests.faces.made_faces import view
from transforms.faces.cuts import ShotImage
from transforms.faces.detectors.detections import suppress
from transforms.faces.face_search import FaceSearch
from transforms.faces.thumbnail import thumbnail

FACE = np.array([[200, 100, 280, 180]], np.float32)
WHITE = 255
NO_FACES = np.zeros((0, 4))


class WhiteFaces:
    """A detector that takes white squares for faces, and counts the pixels that it is given."""

    name, sha256 = "white", "0" * 64

    def __init__(self):
        self.sizes = []

    def detect(self, rgb):
        """The bounding box of all white."""
        self.sizes.append(rgb.shape[:2])
        rows, columns = np.nonzero((rgb > 230).all(2))
        boxes = [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]] if len(rows) else []
        return suppress(np.array(boxes), np.full(len(boxes), 0.9), np.zeros((len(boxes), 5, 2)))

    def smallest_face_px(self, width, height):
        """Any."""
        return 1.0


def scene(*faces, seed=0):
    """A view of 640 x 360 with white squares."""
    image = (view(seed, 360, 640) * 0.6).astype(np.uint8)
    for x1, y1, x2, y2 in np.array(faces, int).reshape(-1, 4):
        image[y1:y2, x1:x2] = WHITE
    return image


def searched(*steps):
    """Boxes found last, and the sizes that the detector was given at each step: (image, followed boxes)."""
    detector, sizes = WhiteFaces(), []
    search = FaceSearch(detector, 0.3)
    for image, followed in steps:
        detector.sizes.clear()
        shown = ShotImage(frame=0, rgb=image, small=thumbnail(image), is_cut=False)
        found = search.detect(shown, followed)
        sizes.append(list(detector.sizes))
    return found.boxes_xyxy, sizes


def test_a_followed_face_in_the_same_view_is_confirmed_in_a_small_cut_out():
    boxes, (first, second) = searched((scene(*FACE), NO_FACES), (scene(*FACE), FACE))
    assert first == [(360, 640)] and second == [(96, 96)]
    assert np.abs(boxes - FACE).max() < 3


def test_a_face_that_moves_is_confirmed_where_it_is_now():
    moved = FACE + np.float32(20)
    boxes, sizes = searched((scene(*FACE), NO_FACES), (scene(*moved), moved))
    assert sizes[1] == [(96, 96)] and np.abs(boxes - moved).max() < 3


def test_the_whole_image_is_searched_where_no_face_is_followed():
    _, sizes = searched((scene(), NO_FACES), (scene(), NO_FACES))
    assert sizes == [[(360, 640)], [(360, 640)]]


@pytest.mark.parametrize("new", [(500, 40, 532, 72), (20, 300, 52, 332)])
def test_the_whole_image_is_searched_when_something_appears_elsewhere(new):
    _, sizes = searched((scene(*FACE), NO_FACES), (scene(*FACE, new), FACE))
    assert sizes[1] == [(360, 640)]


def test_the_whole_image_is_searched_when_the_followed_face_is_not_found_again():
    _, sizes = searched((scene(*FACE), NO_FACES), (scene(), FACE))
    assert sizes[1] == [(96, 96), (360, 640)]


def test_the_whole_image_is_searched_when_a_face_is_no_longer_followed():
    _, sizes = searched((scene(*FACE), NO_FACES), (scene(*FACE), NO_FACES))
    assert sizes[1] == [(360, 640)]


def test_the_whole_image_is_searched_now_and_then_even_if_nothing_changes():
    _, sizes = searched((scene(*FACE), NO_FACES), *[(scene(*FACE), FACE)] * 20)
    whole = [index for index, given in enumerate(sizes) if given == [(360, 640)]]
    assert whole == [0, 8, 16]


def test_another_view_is_searched_as_a_whole():
    _, sizes = searched((scene(*FACE), NO_FACES), (scene(*FACE, seed=1), FACE))
    assert sizes[1] == [(360, 640)]
