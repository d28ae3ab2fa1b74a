import numpy as np
import pytest

from tests.faces.made_faces import view
from transforms.faces.cuts import CutDetector
from transforms.faces.thumbnail import thumbnail

BLACK, WHITE = np.zeros((90, 160, 3), np.uint8), np.full((90, 160, 3), 255, np.uint8)


def brighter(image):
    """The view in the light of a flash, partly burnt out."""
    return np.clip(image * 1.6 + 60, 0, 255).astype(np.uint8)


def cuts_and_hidden(images, max_flash_frames=5):
    """Frames that begin a shot, and frames that a flash hides; every frame comes out once, in order."""
    detector = CutDetector(27.0, max_flash_frames)
    found = [shown for frame, image in enumerate(images) for shown in detector.take(frame, image, thumbnail(image))]
    found += detector.rest()
    assert [shown.frame for shown in found] == list(range(len(images)))
    return [shown.frame for shown in found if shown.is_cut], [shown.frame for shown in found if shown.rgb is None]


def test_a_new_view_is_a_cut_at_its_first_frame():
    assert cuts_and_hidden([view(0)] * 6 + [view(1)] * 6) == ([6], [])


def test_a_cut_just_before_the_end_is_found():
    assert cuts_and_hidden([view(0)] * 6 + [view(1)]) == ([6], [])


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("flash", [BLACK, WHITE], ids=["black", "white"])
def test_a_flash_that_hides_the_view_is_no_cut(flash, length):
    assert cuts_and_hidden([view(0)] * 6 + [flash] * length + [view(0)] * 6) == ([], list(range(6, 6 + length)))


@pytest.mark.parametrize("length", [1, 3, 8])
def test_a_flash_in_which_the_view_is_seen_hides_nothing(length):
    assert cuts_and_hidden([view(0)] * 6 + [brighter(view(0))] * length + [view(0)] * 6) == ([], [])


def test_a_strobe_is_a_series_of_flashes():
    assert cuts_and_hidden([view(0), WHITE, view(0), BLACK, WHITE, view(0)] * 5)[0] == []


def test_a_flash_between_two_views_does_not_hide_the_cut():
    cuts, hidden = cuts_and_hidden([view(0)] * 6 + [WHITE] + [view(1)] * 9)
    assert cuts and set(cuts) <= {6, 7} and hidden == []


def test_what_lasts_longer_than_a_flash_is_a_shot():
    assert cuts_and_hidden([view(0)] * 6 + [view(1)] * 4 + [view(0)] * 8, max_flash_frames=3) == ([6, 10], [])


def test_without_flashes_every_sudden_change_is_a_cut_at_once():
    assert cuts_and_hidden([view(0)] * 3 + [WHITE] + [view(0)] * 3, max_flash_frames=0) == ([3, 4], [])
