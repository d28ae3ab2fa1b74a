import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from transforms.speakers.lip_motion import MIRRORED, NUM_FEATURES, POINTS, lip_motion


@pytest.fixture(scope="module")
def mesh() -> np.ndarray:
    """A talking head that does not move: random points, of which those of the lips move."""
    random = np.random.default_rng(0)
    mesh = np.repeat(random.normal(0, 3000, (1, 468, 3)), 40, axis=0)
    mesh[:, POINTS] += random.normal(0, 200, (40, len(POINTS), 3))
    return mesh


def test_it_keeps_64_points_each_once():
    assert len(set(POINTS.tolist())) == 64 and NUM_FEATURES == 192


def test_a_head_that_turns_moves_and_comes_nearer_gives_the_same_motion(mesh):
    random = np.random.default_rng(1)
    turns = Rotation.from_euler("xyz", random.uniform(-30, 30, (40, 3)), degrees=True).as_matrix()
    sizes, shifts = random.uniform(0.5, 2, (40, 1, 1)), random.normal(0, 2000, (40, 1, 3))
    moved = np.einsum("tij,tnj->tni", turns, mesh) * sizes + shifts
    np.testing.assert_allclose(lip_motion(moved), lip_motion(mesh), atol=1e-4)


def test_lips_that_move_are_not_taken_for_a_head_that_moves(mesh):
    changes = np.abs(np.diff(lip_motion(mesh).reshape(40, 64, 3), axis=0)).mean()
    assert changes > 0.005


def test_a_frame_does_not_depend_on_the_others(mesh):
    np.testing.assert_array_equal(lip_motion(mesh)[7:9], lip_motion(mesh[7:9]))


def test_a_mirrored_mesh_gives_mirrored_motion():
    random = np.random.default_rng(2)
    mesh = random.normal(0, 3000, (5, 468, 3))
    right, left = POINTS[:27], POINTS[27:54]
    still = (33, 263), (133, 362), (98, 327)
    swap = np.arange(468)
    for one, other in [*zip(right, left, strict=True), *still]:
        swap[one], swap[other] = other, one
    mirrored = lip_motion(mesh[:, swap] * [-1, 1, 1]).reshape(5, 64, 3)
    expected = lip_motion(mesh).reshape(5, 64, 3)[:, MIRRORED] * [-1, 1, 1]
    np.testing.assert_allclose(mirrored, expected, atol=1e-4)


def test_a_mirrored_head_is_never_unmirrored_to_fit(mesh):
    flipped = lip_motion(mesh * [-1, 1, 1])
    assert not np.allclose(flipped, lip_motion(mesh), atol=0.05)


@pytest.mark.parametrize("num_frames", [0, 1, 1500])
def test_any_length_is_accepted(mesh, num_frames):
    long = np.resize(mesh, (num_frames, 468, 3)).astype(np.int16)
    motion = lip_motion(long)
    assert motion.shape == (num_frames, 192) and motion.dtype == np.float32 and np.isfinite(motion).all()


def test_a_mesh_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="468"):
        lip_motion(np.zeros((4, 478, 3)))
