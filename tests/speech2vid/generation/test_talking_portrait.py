"""A portrait speaks: the mouth moves and nothing else does, in order, whatever the number of threads."""

import threading
import time

import numpy as np
import pytest

from speech2vid.generation.ordered_pool import in_threads
from speech2vid.generation.talking_portrait import TalkingPortrait
from speech2vid.motion.file import MotionFile
from speech2vid.motion_training.export import export_motion
from speech2vid.motion_training.network import MotionNetwork
from speech2vid.motion_training.recipe import MotionNetworkSettings
from speech2vid.rendering.still import Still
from tests.pipeline.made_models import needs_models
from tests.speech2vid.motion.made_motion import LOWER, PAIRS, made_head, made_space

RANDOM = np.random.default_rng(0)
WINDOWS = RANDOM.normal(0, 3, (60, 288, 22)).astype(np.float32)


@pytest.fixture(scope="module")
def motion(tmp_path_factory):
    """A network without training: its shapes are noise that depends on the audio."""
    path = tmp_path_factory.mktemp("motion") / "motion.onnx"
    settings = MotionNetworkSettings(components=2, inputs=4, members=2, width=8)
    export_motion(MotionNetwork(settings, np.zeros(288), RANDOM.normal(0, 1, (4, 288))), made_space(), path, "motion")
    return MotionFile(path)


def still(size_px=256, shift=0.0):
    face = RANDOM.integers(60, 200, (size_px, size_px, 3), dtype=np.uint8)
    mesh = ((made_head()[0] + 0.5) * (size_px / 256) - 0.5 + shift).astype(np.float32)
    return Still(face_rgb=face, mesh_px=mesh)


@needs_models
def test_only_the_mouth_moves_and_it_moves_with_the_audio(motion):
    portrait = TalkingPortrait([still()], motion)
    meshes = portrait.meshes(WINDOWS)
    spread = np.ptp(meshes, axis=0).max(1)
    assert spread[list(LOWER)].min() > 1 and np.delete(spread, [*np.ravel(PAIRS), 61, 291]).max() < 0.1
    np.testing.assert_allclose(portrait.meshes(WINDOWS[:7]), meshes[:7], atol=1e-3)


@needs_models
def test_gain_widens_the_motion_around_the_same_mean(motion):
    plain, wide = (TalkingPortrait([still()], motion, gain=gain).meshes(WINDOWS)[:, 17, 1] for gain in (0.5, 1.0))
    assert np.ptp(wide) >= np.ptp(plain)


@needs_models
def test_faces_come_in_order_and_keep_what_lies_far_from_the_mouth(motion):
    one = still()
    portrait = TalkingPortrait([one], motion)
    faces = list(portrait.faces(WINDOWS))
    again = [portrait._renderer.render(one, mesh).rgb for mesh in portrait.meshes(WINDOWS)]
    assert len(faces) == 60 and all((face == other).all() for face, other in zip(faces, again, strict=True))
    changed = np.mean([(face != one.face_rgb).any(2) for face in faces], 0)
    assert changed[:60].mean() < 0.2 < changed[150:190, 90:170].mean()


@needs_models
def test_the_whole_image_moves_only_around_the_face(motion):
    one = still()
    image = RANDOM.integers(0, 255, (700, 900, 3), dtype=np.uint8)
    to_image = np.array([[1.0, 0, 300], [0, 1.0, 200]])
    image[200:456, 300:556] = one.face_rgb
    images = list(TalkingPortrait([one], motion).images(WINDOWS[:5], image, to_image))
    assert len(images) == 5
    changed = np.any([(made != image).any(2) for made in images], 0)
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    assert 200 < rows[0] and rows[-1] < 540 and 270 < columns[0] and columns[-1] < 590


@needs_models
def test_of_several_stills_the_most_usual_gives_the_pose(motion):
    stills = [still(shift=4.0), still(), still(shift=-3.0)]
    portrait = TalkingPortrait(stills, motion)
    assert portrait.central == 1
    np.testing.assert_allclose(portrait.meshes(WINDOWS)[0, 1], stills[1].mesh_px[1], atol=0.1)


def test_results_come_in_order_and_few_are_held_ahead():
    begun = []

    def slow_at_first(number):
        begun.append(number)
        time.sleep(0.02 if number == 0 else 0)
        return number, threading.current_thread() is threading.main_thread()

    results = in_threads(slow_at_first, range(200))
    assert next(results)[0] == 0
    assert max(begun) < 100
    assert [number for number, _ in results] == list(range(1, 200))


def test_an_error_in_a_thread_is_raised_where_its_result_is_due():
    results = in_threads(lambda number: 1 // (3 - number), range(9))
    assert [next(results) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
