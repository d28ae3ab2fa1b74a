import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faces.made_faces import made_mesh
from transforms.media.canonical import (
    MESH_UNIT,
    CanonicalFace,
    align_mesh,
    apply_affine,
    fit_similarity,
    five_points,
    head_pose_deg,
    invert_affine,
    mouth_opening,
)

CENTRED = made_mesh((0, 0))


def similarity(angle_deg, scale, dx, dy):
    cos, sin = scale * np.cos(np.radians(angle_deg)), scale * np.sin(np.radians(angle_deg))
    return np.array([[[cos, -sin, dx], [sin, cos, dy]]])


def turned(mesh, axis, angle_deg):
    """Rotation of (468, 3) about x, y or z; x right, y down, z into the image."""
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(3)
    matrix[[first, first, second, second], [first, second, first, second]] = cos, -sin, sin, cos
    return (mesh @ matrix.T)[None]


@given(angle=st.floats(-170, 170), scale=st.floats(0.1, 10), dx=st.floats(-500, 500), dy=st.floats(-500, 500))
def test_a_known_similarity_is_found_exactly(angle, scale, dx, dy):
    known, points = similarity(angle, scale, dx, dy), five_points(CENTRED[None])[:, :3].astype(np.float64)
    assert fit_similarity(points, apply_affine(known, points)[0]) == pytest.approx(known, abs=1e-6)


def test_a_mirrored_face_is_never_reflected():
    points = five_points(CENTRED[None])[:, :3].astype(np.float64)
    found = fit_similarity(points * [-1, 1], points[0])
    assert np.linalg.det(found[0, :, :2]) > 0


def test_eyes_and_nose_lie_where_the_mean_face_has_them():
    targets = CanonicalFace(image_px=197).targets  # the crop at its own size: 22 px off the mean face
    assert targets == pytest.approx(np.array([[53.5, 41.2], [143.2, 39.3], [101.0, 91.0]]))


def test_a_margin_keeps_the_face_in_the_middle_and_makes_it_smaller():
    plain, wide = CanonicalFace().targets, CanonicalFace(margin=0.25).targets
    assert wide - 55.5 == pytest.approx((plain - 55.5) / 1.5)


def test_an_inverse_undoes_the_map():
    affine, points = similarity(30, 2, 5, -7), CENTRED[None, :, :2].astype(np.float64)
    assert apply_affine(invert_affine(affine), apply_affine(affine, points)) == pytest.approx(points)


def test_a_stored_mesh_leads_back_to_the_source():
    mesh, affine = made_mesh()[None], similarity(20, 0.8, -10, 3)
    stored = align_mesh(mesh, affine, 112)
    assert stored.dtype == np.int16
    aligned = stored * (112 / MESH_UNIT)
    assert apply_affine(invert_affine(affine), aligned[..., :2]) == pytest.approx(mesh[..., :2], abs=0.01)
    assert aligned[..., 2] == pytest.approx(mesh[..., 2] * 0.8, abs=0.01)


@given(angle=st.floats(-90, 90), scale=st.floats(0.3, 1.5))
def test_mouth_opening_does_not_depend_on_size_place_or_tilt(angle, scale):
    stored = align_mesh(made_mesh((50, 50))[None], similarity(angle, scale, 20, 40), 224)
    assert mouth_opening(stored.astype(np.float32)) == pytest.approx([6 / 60], abs=0.002)


def test_a_frontal_face_has_no_pose():
    assert head_pose_deg(CENTRED[None]) == pytest.approx(np.zeros((1, 3)), abs=1e-4)


def test_a_face_turned_to_the_images_right_has_positive_yaw():
    mesh = turned(CENTRED, "y", -25)
    assert mesh[0, 1, 0] > 5  # the nose points right
    assert head_pose_deg(mesh)[0] == pytest.approx([25, 0, 0], abs=0.01)


def test_a_face_that_looks_down_has_positive_pitch():
    mesh = turned(CENTRED, "x", 15)
    assert mesh[0, 1, 1] > 4  # the nose points down
    assert head_pose_deg(mesh)[0] == pytest.approx([0, 15, 0], abs=0.01)


def test_a_face_tilted_clockwise_has_positive_roll():
    mesh = turned(CENTRED, "z", 10)
    assert mesh[0, 263, 1] > mesh[0, 33, 1]  # its eye on the image's right is lower
    assert head_pose_deg(mesh)[0] == pytest.approx([0, 0, 10], abs=0.01)
