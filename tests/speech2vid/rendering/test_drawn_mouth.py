import numpy as np
import pytest

from speech2vid.rendering.drawn_mouth import drawn_inside, with_drawn_mouth
from speech2vid.rendering.drawn_teeth import SHEET_MM, SHEET_SCALE, teeth_sheet
from speech2vid.rendering.painted_detail import PaintedPart
from speech2vid.rendering.painter_input import INSIDE, PART_PX, painter_input
from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import LOWER_INNER_LIP, UPPER_INNER_LIP
from tests.speech2vid.rendering.made_faces import made_mesh

SKIN, RED = (200, 150, 120), (255, 0, 0)
LUMA = np.array([0.299, 0.587, 0.114])
HEAD_MM = {  # corners of the eyes, nose and its wings: x, y, depth from between the eyes
    **{33: (-45, 0, 24), 133: (-18, 1, 19), 263: (45, 0, 24), 362: (18, 1, 19), 168: (0, -7, 3), 6: (0, 0, -2)},
    **{197: (0, 7, -8), 195: (0, 13, -14), 5: (0, 19, -21), 4: (0, 27, -24), 1: (0, 34, -22), 2: (0, 42, -14)},
    **{98: (-17, 40, 1), 327: (17, 40, 1)},
}
PX_PER_MM, BETWEEN_EYES_PX, CHIN = 1.85, (128, 56), 152


def mesh_of(opening=0.0):
    """A mouth in a head of usual size, whose chin follows the lower lip."""
    mesh = made_mesh(opening=opening)
    for point, (x, y, z) in HEAD_MM.items():
        mesh[point] = np.array([x, y, z]) * PX_PER_MM + [*BETWEEN_EYES_PX, 0]
    mesh[CHIN, 1] += 22 * opening
    return mesh


WIDE = mesh_of(opening=1.5)


def face(colour=SKIN):
    return Still(face_rgb=np.full((256, 256, 3), colour, np.uint8), mesh_px=mesh_of())


def painted(colour):
    colours = np.full((PART_PX, PART_PX, 3), colour, np.float32)
    nothing = np.zeros((PART_PX, PART_PX), np.float32)
    return PaintedPart(colours=colours, alpha=nothing, tint=np.zeros_like(colours))


def middle_column(still, teeth=1.0):
    """Luma from the upper to the lower lip."""
    upper, lower = (WIDE[lip[5], :2].astype(int) for lip in (UPPER_INNER_LIP, LOWER_INNER_LIP))
    box = slice(upper[1], lower[1]), slice(upper[0] - 30, upper[0] + 30)
    return drawn_inside(still, teeth, WIDE, box)[:, 33] @ LUMA


def test_between_two_rows_of_teeth_it_is_dark():
    column = middle_column(face())
    third = len(column) // 3
    above, between, below = column[:third].max(), column[third:-third].min(), column[-third:].max()
    assert above > 2 * between
    assert below > 1.5 * between


def test_teeth_that_are_not_wanted_are_not_drawn():
    without, drawn = (middle_column(face(), teeth) for teeth in (0, 1))
    assert without[: len(drawn) // 3].max() < drawn[: len(drawn) // 3].max() / 1.5


def test_teeth_are_as_light_as_the_face_is():
    light, dark = (middle_column(face(colour=colour)).max() for colour in (SKIN, tuple(c // 4 for c in SKIN)))
    assert light == pytest.approx(4 * dark, rel=0.05)


def test_upper_teeth_stay_with_the_head_and_lower_ones_follow_the_chin():
    still, wider = face(), mesh_of(opening=2)
    box = slice(60, 250), slice(98, 158)
    rows = [np.flatnonzero(drawn_inside(still, 1.0, mesh, box)[:, 33] @ LUMA > 60) for mesh in (WIDE, wider)]
    assert abs(rows[0][0] - rows[1][0]) <= 2
    assert rows[1][-1] > rows[0][-1] + 4


def test_a_mouth_that_no_still_shows_open_is_drawn():
    still = face()
    seen = painter_input(still, [still], WIDE)
    part = with_drawn_mouth(painted(RED), seen, still, [still], WIDE)
    inside = seen.planes[INSIDE] > 0
    assert part.alpha[inside].min() > 0.3
    assert (part.colours[inside] @ LUMA).std() > 15
    assert part.colours[inside][:, 0].mean() < 200


def test_a_still_that_shows_the_mouths_inside_lends_it():
    still = Still(face_rgb=face().face_rgb.copy(), mesh_px=WIDE)
    still.face_rgb[:] = SKIN
    inside_px = painter_input(still, [still], WIDE)
    rows, columns = np.nonzero(inside_px.planes[INSIDE])
    still.face_rgb[rows + inside_px.part[0].start, columns + inside_px.part[1].start] = (10, 200, 10)
    seen = painter_input(still, [still], WIDE)
    part = with_drawn_mouth(painted(RED), seen, still, [still], WIDE)
    middle = (slice(int(rows.mean()) - 3, int(rows.mean()) + 4), slice(77, 84))
    assert part.colours[middle][..., 1].min() > 100, "green as the still, not red as painted"


def test_closed_lips_hide_all_that_could_be_drawn():
    still = face()
    closed = mesh_of()
    closed[list(LOWER_INNER_LIP)] = closed[list(UPPER_INNER_LIP)]
    before = painted(RED)
    part = with_drawn_mouth(before, painter_input(still, [still], closed), still, [still], closed)
    assert part is before


@pytest.mark.parametrize("upper", [True, False], ids=["upper", "lower"])
def test_the_edge_of_the_middle_teeth_lies_in_the_middle_of_their_sheet(upper):
    beside_the_middle = teeth_sheet(upper)[:, SHEET_MM[1] * SHEET_SCALE // 2 + 6, 1]
    halves = np.split(beside_the_middle, 2)
    tooth, other_row = halves if upper else halves[::-1]
    assert tooth.sum() > 7 * SHEET_SCALE
    assert other_row.sum() < SHEET_SCALE
