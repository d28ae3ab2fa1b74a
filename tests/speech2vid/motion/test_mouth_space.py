"""Meshes get other mouths: where the audio opens them, in any head pose, and lips neither cross nor miss."""

import numpy as np
import pytest

from speech2vid.motion.mouth_space import MouthMotion
from tests.speech2vid.motion.made_motion import LOWER, PAIRS, made_head, made_space
from transforms.media.canonical import mouth_opening

SPACE = made_space()
NOTHING_KNOWN = np.zeros((1, 2))


def motion_of(*openings, closed=0.0):
    shapes = np.zeros((len(openings), 2))
    shapes[:, 0] = openings
    return MouthMotion(shapes=shapes, closed=np.full(len(openings), closed))


def turned(meshes, degrees):
    angle = np.radians(degrees)
    rotation = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    return (meshes - 128) @ rotation.T * 0.7 + 60


def test_the_mouth_opens_as_the_shape_says_and_nothing_else_moves():
    meshes = np.repeat(made_head(), 2, 0)
    moved = SPACE.target_meshes(meshes, motion_of(0.0, 0.2), NOTHING_KNOWN)
    np.testing.assert_allclose(moved[0], meshes[0], atol=0.01)
    changed = np.abs(moved[1] - meshes[1]).max(1)
    assert changed[list(LOWER)].min() > 4 and np.delete(changed, list(LOWER)).max() < 0.01


def test_a_turned_head_opens_its_mouth_as_far_in_its_own_frame():
    straight = made_head()
    moved = turned(SPACE.target_meshes(straight, motion_of(0.2), NOTHING_KNOWN), 30)
    np.testing.assert_allclose(
        SPACE.target_meshes(turned(straight, 30), motion_of(0.2), NOTHING_KNOWN), moved, atol=0.05
    )


def test_the_mouth_that_a_mesh_has_already_is_taken_off():
    opened = SPACE.target_meshes(made_head(), motion_of(0.3), NOTHING_KNOWN)
    back = SPACE.target_meshes(opened, motion_of(0.0), NOTHING_KNOWN)
    np.testing.assert_allclose(back, made_head(), atol=0.05)


def test_lips_never_cross():
    moved = SPACE.target_meshes(made_head(), motion_of(-0.5), NOTHING_KNOWN)
    gaps = [moved[0, lower, 1] - moved[0, upper, 1] for upper, lower in PAIRS]
    assert min(gaps) > -0.01 and max(gaps) < 0.5


def test_lips_meet_where_that_is_certain_and_stay_open_where_it_is_improbable():
    openings = [
        mouth_opening(SPACE.target_meshes(made_head(), motion_of(0.3, closed=closed), NOTHING_KNOWN))[0]
        for closed in (0.0, 0.475, 1.0)
    ]
    assert openings[0] > 0.1 and openings[2] < 0.02 and openings[2] < openings[1] < openings[0]


def test_one_shape_tells_less_of_a_persons_mean_than_many():
    one, many = (SPACE.mean_shape(np.tile([0.3, 0.0], (count, 1)))[0] for count in (1, 1000))
    assert one == pytest.approx(0.3 * 0.01 / 0.03, rel=0.01) and many == pytest.approx(0.3, rel=0.01)


def test_a_person_who_moves_the_lips_widely_goes_on_to_do_so():
    random = np.random.default_rng(0)
    usual = np.sqrt(SPACE.within)
    wide, narrow = (SPACE.width(random.normal(0, scale * usual, (2000, 2))) for scale in (2.0, 0.5))
    assert wide == pytest.approx(2, rel=0.05) and narrow == pytest.approx(0.5, rel=0.05)
    assert SPACE.width(np.zeros((1, 2))) == 1
    assert 1 < SPACE.width(random.normal(0, 3 * usual, (3, 2))) < 3
