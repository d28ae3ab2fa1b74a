import cv2
import numpy as np
import pytest

from speech2vid.rendering.face_renderer import FaceRenderer, in_image
from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import LOWER_INNER_LIP, ring_of
from tests.speech2vid.rendering.made_faces import made_mesh, made_still

LOWER_LIP = LOWER_INNER_LIP[5]
BLACK = (0, 0, 0)


def test_a_face_that_does_not_move_stays_to_the_bit():
    still = made_still()
    rendered = FaceRenderer([still]).render(still, still.mesh_px)
    assert (rendered.rgb == still.face_rgb).all()
    assert not rendered.changed.any()


@pytest.mark.parametrize("size_px", [112, 256, 512])
def test_a_mark_on_the_lower_lip_moves_with_the_lip(size_px):
    still, opened = made_still(size_px), made_mesh(size_px, opening=1)
    closed_lip, open_lip = (mesh[LOWER_LIP, :2].astype(int) for mesh in (still.mesh_px, opened))
    cv2.circle(still.face_rgb, closed_lip.tolist(), size_px // 40, BLACK, -1)
    rendered = FaceRenderer([still]).render(still, opened)
    assert open_lip[1] > closed_lip[1] + size_px // 20
    assert _darkness(rendered.rgb, open_lip) > 200 > 2 * _darkness(still.face_rgb, open_lip)


def test_what_lies_beyond_the_moved_part_is_the_base_to_the_bit():
    still, opened = made_still(), made_mesh(opening=1)
    opened[:, :2] = np.where(opened[:, 1:2] > 128, opened[:, :2], still.mesh_px[:, :2])
    rendered = FaceRenderer([still]).render(still, opened)
    moved = rendered.changed > 0
    assert 0.05 < moved.mean() < 0.7
    assert (rendered.rgb[~moved] == still.face_rgb[~moved]).all()
    assert not moved[:90].any(), "eyes and forehead do not move"


def test_the_base_is_not_changed():
    still = made_still()
    before = still.face_rgb.copy()
    FaceRenderer([still]).render(still, made_mesh(opening=1))
    assert (still.face_rgb == before).all()


def test_a_face_moves_in_the_image_that_it_was_cut_from():
    still, opened = made_still(), made_mesh(opening=1)
    to_image = np.array([[2.0, 0.6, 100.0], [-0.6, 2.0, 300.0]])
    image = cv2.warpAffine(still.face_rgb, to_image, (900, 1000), flags=cv2.INTER_CUBIC, borderValue=(9, 9, 9))
    in_whole = FaceRenderer([still]).render_in(image, to_image, still, opened)
    back = cv2.warpAffine(
        in_whole.rgb,
        to_image,
        (256, 256),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    alone = FaceRenderer([still]).render(still, opened).rgb
    lower = (slice(100, 240), slice(30, 226))
    assert np.abs(back[lower].astype(int) - alone[lower]).mean() < 1
    assert (in_whole.rgb[in_whole.changed == 0] == image[in_whole.changed == 0]).all()
    beyond = np.ones(image.shape[:2], np.uint8)
    ring = ring_of(in_image(still.mesh_px, to_image))[:, :2]
    cv2.fillConvexPoly(beyond, cv2.convexHull(np.ceil(ring).astype(np.int32)), 0)
    assert not in_whole.changed[beyond == 1].any()


def test_a_flipped_mouth_leaves_no_holes():
    still, crossed = made_still(), made_mesh()
    crossed[list(LOWER_INNER_LIP[1:-1]), 1] -= 6  # the lower lip above the upper one, as a noisy mesh has it
    rendered = FaceRenderer([still]).render(Still(face_rgb=still.face_rgb, mesh_px=still.mesh_px), crossed)
    assert np.abs(rendered.rgb.astype(int) - still.face_rgb).max() < 60


def _darkness(image, place):
    x, y = place.tolist()
    return 255 - int(image[y - 3 : y + 4, x - 3 : x + 4].sum(2).min()) / 3
