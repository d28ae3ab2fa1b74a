import numpy as np
import pytest

from speech2vid.rendering.painter_input import (
    BASE,
    GATE,
    INSIDE,
    LENT,
    LENT_SEEN,
    LIPS,
    LOWER,
    LOWER_SEEN,
    NUM_PLANES,
    PART_PX,
    SEEN,
    UPPER,
    UPPER_SEEN,
    VIEW_PX,
    lender_shares,
    painter_input,
    part_around,
    view_px,
)
from speech2vid.rendering.regions import lower_face
from speech2vid.rendering.still import Still
from tests.speech2vid.rendering.made_faces import made_mesh, made_still


def test_planes_hold_shares_from_0_to_1():
    seen = painter_input(made_still(), [made_still(opening=1)], made_mesh(opening=0.5))
    assert seen.planes.shape == (NUM_PLANES, PART_PX, PART_PX)
    assert seen.planes.dtype == np.float32
    assert seen.planes.min() >= 0
    assert seen.planes.max() <= 1


def test_the_inside_that_a_closed_base_lacks_comes_from_the_open_lender():
    planes = painter_input(made_still(), [made_still(opening=1)], made_mesh(opening=1)).planes
    inside = planes[INSIDE] == 1
    assert planes[SEEN][inside].mean() < 0.2
    assert planes[LENT_SEEN][inside].mean() > 0.9
    assert planes[GATE][inside].min() > 0.9


def test_teeth_keep_their_size_as_the_mouth_opens():
    smiling, wide = made_still(opening=0.5), made_mesh(opening=1)
    planes = painter_input(smiling, [smiling], wide).planes
    shown = [planes[seen].sum() for seen in (UPPER_SEEN, LOWER_SEEN)]
    same = painter_input(smiling, [smiling], smiling.mesh_px).planes[UPPER_SEEN].sum()
    assert shown == pytest.approx([same, same], rel=0.03)
    assert planes[INSIDE].sum() > 1.5 * same


def test_upper_teeth_stay_with_the_nose_and_lower_ones_go_with_the_chin():
    smiling, target = made_still(opening=0.5), made_mesh(opening=0.5)
    target[target[:, 1] > 225, 1] += 7  # the chin alone
    planes = painter_input(smiling, [smiling], target).planes
    upper, lower = (np.nonzero(planes[seen] > 0.5)[0].mean() for seen in (UPPER_SEEN, LOWER_SEEN))
    assert lower - upper == pytest.approx(7, abs=1)
    still_there = planes[UPPER_SEEN] == 1
    assert np.abs(planes[UPPER] - planes[LENT])[:, still_there].mean() < 0.02
    assert np.abs(planes[LOWER] - planes[LENT])[:, still_there & (planes[LOWER_SEEN] == 1)].mean() > 0.02


def test_far_from_the_mouth_the_painter_may_change_nothing():
    gate = painter_input(made_still(), [made_still()], made_mesh(opening=0.5)).gate
    assert not gate[:30, :].any()
    assert not gate[:, :10].any()
    assert not gate[0].any()


def test_the_lender_with_the_most_similar_mouth_gives_most():
    lenders = [made_still(opening=opening) for opening in (0, 0.5, 1)]
    shares = lender_shares(made_mesh(opening=0.9), lenders)
    assert shares.sum() == pytest.approx(1)
    assert shares.argmax() == 2
    assert shares[0] < 0.1


def test_lenders_are_brought_into_the_bases_light():
    base, lender = made_still(), made_still(opening=0.05)
    lender.face_rgb[:] = (lender.face_rgb * 0.6).astype(np.uint8)
    planes = painter_input(base, [lender], base.mesh_px).planes
    assert np.abs(planes[UPPER] - planes[BASE])[:, planes[UPPER_SEEN] == 1].mean() < 0.1
    skin = (planes[LIPS] == 0) & (planes[SEEN] == 1) & (planes[LENT_SEEN] == 1)
    assert np.abs(planes[LENT] - planes[BASE])[:, skin].mean() < 0.05


def test_what_is_repainted_is_not_shown_to_the_painter():
    base, other = made_still(), made_still(seed=2)
    where = lower_face(base.mesh_px[None], VIEW_PX)
    planes = painter_input(base, [other], base.mesh_px, where).planes
    part = part_around(base)
    region = where[part]
    assert region.mean() > 0.2
    middle = region[:, 16:-16] == 1  # at the part's edges the painter changes nothing
    assert not planes[BASE][:, :, 16:-16][:, middle].any()
    assert not planes[SEEN][:, 16:-16][middle].any()
    # The base's own colours there change nothing at all.
    base.face_rgb[part][:, 16:-16][middle] = 0
    assert (painter_input(base, [other], base.mesh_px, where).planes == planes).all()


def test_the_size_of_the_stills_hardly_matters():
    at_256, at_512 = (
        painter_input(made_still(size), [made_still(size, 1)], view_px(made_mesh(size, 0.5), made_still(size))).planes
        for size in (256, 512)
    )
    assert np.abs(at_256 - at_512).mean() < 0.01


def test_a_still_of_another_size_gives_its_mesh_in_the_painters_px():
    still = Still(face_rgb=np.zeros((512, 512, 3), np.uint8), mesh_px=np.full((468, 3), 100, np.float32))
    assert view_px(still.mesh_px, still)[0].tolist() == [49.75, 49.75, 50]


@pytest.mark.parametrize(("base", "target", "meet"), [(1, 0, True), (0, 0, False), (1, 1, False)])
def test_a_line_is_drawn_where_the_target_closes_a_mouth_that_the_base_shows_open(base, target, meet):
    seen = painter_input(made_still(opening=base), [made_still(opening=base)], made_mesh(opening=target))
    assert (seen.meeting.max() > 0.5) == meet
    assert (seen.between_lips >= seen.planes[INSIDE]).all()
