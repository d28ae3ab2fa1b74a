import cv2
import numpy as np
import pytest

from tests.faces.made_faces import view
from transforms.faces.thumbnail import grey_levels, thumbnail
from transforms.faces.transitions import find_transitions


def blend(first, second, length, ease=False):
    """40 frames of one view, `length` that blend it with another, 40 of the other; with camera noise."""
    share = np.clip((np.arange(80 + length) - 39) / (length + 1), 0, 1)
    share = share * share * (3 - 2 * share) if ease else share
    images = first * (1 - share[:, None, None, None]) + second * share[:, None, None, None]
    noise = np.random.default_rng(0).normal(0, 1.5, images.shape)
    return [grey_levels(thumbnail(image)) for image in np.clip(images + noise, 0, 255).astype(np.uint8)]


@pytest.mark.parametrize("length", [6, 12, 25, 50, 75])
@pytest.mark.parametrize("ease", [False, True], ids=["linear", "eased"])
@pytest.mark.parametrize(
    "second", [view(1), np.zeros_like(view(1)), np.full_like(view(1), 255)], ids=["view", "black", "white"]
)
def test_a_blend_of_two_views_is_found_with_little_around_it(second, ease, length):
    [(start, end)] = find_transitions(blend(view(0), second, length, ease))
    # At the ends of a slow, eased blend the other view is too faint to see.
    faint = round(0.12 * length) if ease else 0
    assert 40 - 10 - length // 5 <= start <= 40 + faint
    assert 40 + length - faint <= end <= 40 + length + 10 + length // 5


def test_a_still_view_has_no_transition():
    assert find_transitions(blend(view(0), view(0), 25)) == []


def test_a_view_that_grows_dark_is_no_transition():
    assert find_transitions(blend(view(0), view(0) * 0.3, 25)) == []


@pytest.mark.parametrize("step", [1, 3, 8])
def test_a_camera_that_turns_is_no_transition(step):
    wide = view(0, 90, 1600)
    turned = [wide[:, left : left + 160] for left in range(0, min(1400, 90 * step), step)]
    assert find_transitions([grey_levels(thumbnail(np.ascontiguousarray(image))) for image in turned]) == []


def test_a_face_that_moves_is_no_transition():
    images = [cv2.circle(view(0), (30 + frame, 45), 25, (230, 180, 150), -1) for frame in range(90)]
    assert find_transitions([grey_levels(thumbnail(image)) for image in images]) == []


def test_too_few_frames_have_no_transition():
    assert find_transitions([]) == [] == find_transitions([grey_levels(view(0))] * 3)
