"""A portrait borrows head motion, blinks and brows, and leaves the mouth to the audio."""

import cv2
import numpy as np
import pytest

from schemas.errors import TalkshardError
from speech2vid.generation.borrowed_motion import borrow_motion, motion_of
from tests.made_media import make_plain_video
from tests.pipeline.made_models import needs_models
from tests.speech2vid.motion.made_motion import made_head
from transforms.media.canonical import mouth_opening

EYELID, CHIN = 159, 152


def turned(mesh, degrees):
    rotation = cv2.Rodrigues(np.radians([0.0, degrees, 0.0]))[0]
    return (mesh - 128) @ rotation + 128


def test_a_turn_is_borrowed_in_part_and_up_to_a_limit():
    head = made_head()[0]
    head[EYELID, :2] = (93, 93)
    for degrees, expected in ((4, 2), (40, 6)):
        motion = motion_of(np.stack([turned(head, -degrees), head, turned(head, degrees)]))
        angles = [np.degrees(np.linalg.norm(cv2.Rodrigues(turn)[0])) for turn in motion.turns]
        assert angles == pytest.approx([expected, 0, expected], abs=0.2)
        followed = motion.moved(np.repeat(head[None], 3, 0), 0)
        assert np.sign(followed[2, 1, 0] - followed[1, 1, 0]) == np.sign(turned(head, degrees)[1, 0] - head[1, 0])


def test_eyelids_move_as_in_the_video_and_the_mouth_does_not():
    open_eyed = made_head()[0]
    open_eyed[EYELID, :2] = (93, 93)
    closed = open_eyed.copy()
    closed[EYELID, 1] += 6
    closed[[14, 17, 18, 199, 200], 1] += 20  # it speaks, too
    meshes = np.stack([open_eyed, closed] * 5)
    found = motion_of(meshes).moved(np.repeat(open_eyed[None], 10, 0), 0)
    lid = found[:, EYELID, 1] - found[:, 33, 1]
    assert lid[1] - lid[0] == pytest.approx(6, abs=0.5)
    assert np.ptp(mouth_opening(found)) < 0.01


def test_the_motion_runs_there_and_back_so_that_nothing_jumps():
    head = made_head()[0]
    motion = motion_of(np.stack([turned(head, degrees) for degrees in np.linspace(-5, 5, 12)]))
    nose = motion.moved(np.repeat(head[None], 60, 0), 7)[:, 1, 0]
    assert np.abs(np.diff(nose)).max() < 3 * np.abs(np.diff(nose)).mean()
    np.testing.assert_allclose(nose[:30], motion.moved(np.repeat(head[None], 30, 0), 29)[:, 1, 0], atol=1e-3)


@needs_models
def test_a_video_without_a_face_is_refused_in_one_line(tmp_path):
    video = make_plain_video(tmp_path / "a.mp4", 75)
    with pytest.raises(TalkshardError, match=r"--motion_of .*a\.mp4.* shows no face"):
        borrow_motion(str(video))
