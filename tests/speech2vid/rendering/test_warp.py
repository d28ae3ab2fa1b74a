import numpy as np

from speech2vid.rendering.topology import INNER_LIPS, INSIDE_MOUTH, OVAL, TRIANGLES, ring_of
from speech2vid.rendering.warp import TargetRaster
from tests.speech2vid.rendering.made_faces import made_mesh, made_still

WHOLE = (slice(0, 256), slice(0, 256))


def raster_of(mesh):
    return TargetRaster(mesh, ring_of(made_mesh()), WHOLE)


def test_every_edge_has_a_triangle_on_each_side_but_for_those_of_the_ring():
    edges = np.sort(np.concatenate([TRIANGLES[:, [0, 1]], TRIANGLES[:, [1, 2]], TRIANGLES[:, [2, 0]]]), axis=1)
    _, counts = np.unique(edges, axis=0, return_counts=True)
    assert (counts == 1).sum() == len(OVAL)
    assert counts.max() == 2


def test_the_inside_of_the_mouth_has_the_inner_lips_for_corners_and_no_other_triangle_has_three_of_them():
    of_lips = np.isin(TRIANGLES, INNER_LIPS).all(1)
    assert (of_lips == INSIDE_MOUTH).all()


def test_the_inside_of_the_mouth_shows_as_far_as_the_mouth_is_open():
    closed, half, wide = (raster_of(made_mesh(opening=opening)).inside_mouth.sum() for opening in (0, 0.5, 1))
    assert closed < 100 < half < 0.6 * wide


def test_a_closed_mouth_shows_nothing_of_an_open_mouths_inside():
    raster = raster_of(made_mesh(opening=1))
    closed, opened = made_still(opening=0), made_still(opening=1)
    of_closed, of_open = (raster.warp(still.face_rgb, still.mesh_px, None).visible for still in (closed, opened))
    middle = raster.inside_mouth & (of_open == 1)
    assert middle.sum() > 0.9 * raster.inside_mouth.sum()
    assert of_closed[middle].max() < 0.2


def test_what_a_source_shows_from_behind_counts_as_hidden():
    still = made_still()
    mirrored = still.mesh_px.copy()
    mirrored[:, 0] = 255 - mirrored[:, 0]
    warped = raster_of(still.mesh_px).warp(still.face_rgb, mirrored, None)
    assert np.median(warped.visible[60:200, 60:200]) == 0


def test_what_lies_outside_the_source_image_is_marked():
    still = made_still()
    warped = raster_of(still.mesh_px).warp(still.face_rgb[:200], still.mesh_px, None)
    assert not warped.within[205:].any()
    assert warped.within[60:190, 60:190].all()


def test_the_size_of_the_source_does_not_hide_anything():
    small = made_still(64)
    warped = raster_of(made_mesh()).warp(small.face_rgb, small.mesh_px, None)
    assert np.median(warped.visible[30:226, 30:226]) == 1


def test_what_is_seen_edge_on_is_left_to_its_neighbours():
    mesh = made_mesh()
    cheek = next(number for number, triangle in enumerate(TRIANGLES) if {205, 50} <= set(triangle.tolist()))
    assert (raster_of(mesh).triangle == cheek).any()
    first, second, third = TRIANGLES[cheek]
    mesh[third, :2] = (mesh[first, :2] + mesh[second, :2]) / 2 + 0.05
    assert not (raster_of(mesh).triangle == cheek).any()
    assert (raster_of(mesh).triangle < len(TRIANGLES))[40:216, 60:196].all(), "and leaves no hole"
