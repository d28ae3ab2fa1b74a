import cv2
import numpy as np
import pytest

from speech2vid.rendering.painted_detail import keep_detail
from speech2vid.rendering.painter_input import INSIDE, NUM_PLANES, PART_PX, SEEN, PainterInput

MIDDLE, CORNER = (slice(70, 90), slice(70, 90)), (slice(0, 40), slice(0, 40))
EVERYWHERE = np.ones((PART_PX, PART_PX), np.float32)


@pytest.fixture
def seen():
    """A grey base that shows everything but a corner, with the mouth's inside in the middle."""
    planes = np.zeros((NUM_PLANES, PART_PX, PART_PX), np.float32)
    planes[SEEN] = 1
    planes[INSIDE, 60:100, 60:100] = 1
    planes[SEEN, :50, :50] = 0
    base = np.full((PART_PX, PART_PX, 3), 100, np.uint8)
    whole = slice(0, PART_PX)
    nowhere = np.zeros_like(EVERYWHERE)
    return PainterInput(planes=planes, base_rgb=base, gate=EVERYWHERE, meeting=nowhere, part=(whole, whole))


def grain(sigma_px=0.0):
    found = np.random.default_rng(0).normal(0, 20, (PART_PX, PART_PX, 3)).astype(np.float32)
    return cv2.GaussianBlur(found, (0, 0), sigma_px) if sigma_px else found


def shown(seen, part):
    base = seen.base_rgb.astype(np.float32)
    return base + part.alpha[..., None] * (part.colours - base) + part.tint


@pytest.mark.parametrize("place", [MIDDLE, CORNER], ids=["inside the mouth", "where the base is hidden"])
def test_what_only_the_painter_knows_is_taken_as_it_is_painted(seen, place):
    colours = 150 + grain()
    assert np.abs(shown(seen, keep_detail(seen, colours, EVERYWHERE, 256)) - colours)[place].max() < 0.01


def test_beside_the_mouth_the_painted_light_is_taken_without_its_grain(seen):
    beside = (slice(110, 150), slice(20, 140))
    change = (shown(seen, keep_detail(seen, 130 + grain(), EVERYWHERE, 256)) - seen.base_rgb)[beside]
    assert change.mean() == pytest.approx(30, abs=1)
    assert change.std() < 0.2 * grain()[beside].std()


def test_a_line_is_drawn_where_lips_meet_that_the_base_shows_apart(seen):
    line = (slice(119, 121), slice(60, 100))
    seen.meeting[line] = 1
    colours = np.full((PART_PX, PART_PX, 3), 100, np.float32)
    after = shown(seen, keep_detail(seen, colours, EVERYWHERE, 256))
    assert after[line].max() < 95
    assert after[130:, 60:100].min() > 99


def test_what_is_smooth_is_taken_beside_the_mouth_as_well(seen):
    beside = (slice(110, 150), slice(20, 140))
    smooth = grain(12)
    change = (shown(seen, keep_detail(seen, 100 + smooth, EVERYWHERE, 256)) - seen.base_rgb)[beside]
    assert np.corrcoef(change.ravel(), smooth[beside].ravel())[0, 1] > 0.97


def test_where_the_painter_takes_nothing_the_base_stays_to_the_bit(seen):
    part = keep_detail(seen, 200 + grain(), np.zeros_like(EVERYWHERE), 256)
    assert not part.alpha.any()
    assert not part.tint.any()
