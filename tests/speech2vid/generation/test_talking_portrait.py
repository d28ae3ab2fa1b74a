"""A portrait speaks: the mouth moves and nothing else does, in order, whatever the number of threads."""

import dataclasses
import threading
import time

import numpy as np
import pytest

from speech2vid.generation.ordered_pool import in_threads
from speech2vid.generation.stills import StillFinder
from speech2vid.generation.talking_portrait import TalkingPortrait
from speech2vid.motion.file import MotionFile
from speech2vid.motion_training.export import export_motion
from speech2vid.motion_training.network import MotionNetwork
from speech2vid.motion_training.recipe import MotionNetworkSettings
from speech2vid.reader.audio_features import MIDDLE_SPEECH
from speech2vid.rendering.still import Still
from tests.pipeline.made_models import needs_models
from tests.speech2vid.motion.made_motion import LOWER, PAIRS, made_space
from transforms.speakers.lip_motion import lip_motion

WINDOWS = np.random.default_rng(0).normal(0, 3, (60, MIDDLE_SPEECH.num_channels, 22)).astype(np.float32)


@pytest.fixture(scope="module")
def astronaut():
    from skimage import data

    return StillFinder(256).find(data.astronaut(), "astronaut")


@pytest.fixture(scope="module")
def motion(tmp_path_factory, astronaut):
    """A network without training: its shapes are noise that depends on the audio."""
    path = tmp_path_factory.mktemp("motion") / "motion.onnx"
    settings = MotionNetworkSettings(components=2, inputs=4, members=2, width=8)
    space = dataclasses.replace(made_space(), mean=lip_motion(astronaut.still.mesh_px[None])[0].astype(np.float64))
    projection = np.random.default_rng(1).normal(0, 0.01, (4, MIDDLE_SPEECH.num_channels))
    export_motion(MotionNetwork(settings, np.zeros(MIDDLE_SPEECH.num_channels), projection), space, path, "motion")
    return MotionFile(path)


@needs_models
def test_only_the_mouth_moves_and_it_moves_with_the_audio(motion, astronaut):
    portrait = TalkingPortrait([astronaut.still], motion)
    meshes = portrait.meshes(WINDOWS)
    spread = np.ptp(meshes, axis=0).max(1)
    assert spread[list(LOWER)].min() > 1 and np.delete(spread, [*np.ravel(PAIRS), 61, 291]).max() < 0.1
    np.testing.assert_allclose(portrait.meshes(WINDOWS[:7]), meshes[:7], atol=1e-3)


@needs_models
def test_gain_widens_the_motion_around_the_same_mean(motion, astronaut):
    portraits = (TalkingPortrait([astronaut.still], motion, gain=gain) for gain in (0.5, 1.0))
    plain, wide = (np.ptp(portrait.meshes(WINDOWS)[:, 61, 0]) for portrait in portraits)
    assert wide == pytest.approx(2 * plain, rel=0.05)


@needs_models
def test_faces_come_in_order_and_keep_what_lies_far_from_the_mouth(motion, astronaut):
    one = astronaut.still
    portrait = TalkingPortrait([one], motion)
    faces = list(portrait.faces(WINDOWS))
    again = [portrait._renderer.render(one, mesh).rgb for mesh in portrait.meshes(WINDOWS)]
    assert len(faces) == 60 and all((face == other).all() for face, other in zip(faces, again, strict=True))
    changed = np.mean([(face != one.face_rgb).any(2) for face in faces], 0)
    assert changed[:30].max() == 0 and changed[155:172, 110:146].mean() > 0.3


@needs_models
def test_the_whole_image_moves_only_around_the_face(motion, astronaut):
    one = astronaut.still
    image = astronaut.image_rgb
    images = list(TalkingPortrait([one], motion).images(WINDOWS[:5], image, astronaut.to_image))
    assert len(images) == 5
    changed = np.any([(made != image).any(2) for made in images], 0)
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    nose, lip, chin = (int((astronaut.to_image @ [*one.mesh_px[point, :2], 1])[1]) for point in (1, 14, 152))
    assert nose - 40 < rows[0] < nose + 20 and lip < rows[-1] < chin + 60
    assert columns[-1] - columns[0] < 160 < image.shape[1]


@needs_models
def test_several_stills_give_the_mean_pose_and_in_an_image_its_own_stays(motion, astronaut):
    one = astronaut.still
    stills = [Still(face_rgb=one.face_rgb, mesh_px=one.mesh_px + shift) for shift in (4.0, 0.0, -3.0)]
    portrait = TalkingPortrait(stills, motion)
    assert portrait.central == 1
    nose, mean = stills[1].mesh_px[1], np.mean([still.mesh_px[1] for still in stills], 0)
    np.testing.assert_allclose(portrait.meshes(WINDOWS)[0, 1], mean, atol=0.1)
    np.testing.assert_allclose(portrait.meshes(WINDOWS, stills[1])[0, 1], nose, atol=0.1)


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
