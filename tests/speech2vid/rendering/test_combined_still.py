import cv2
import numpy as np

from speech2vid.rendering.combined_still import central_still, combine_stills
from tests.speech2vid.rendering.made_faces import made_still

CHEEK = (slice(150, 170), slice(70, 100))


def test_one_still_stays_as_it_is():
    still = made_still()
    assert (combine_stills([still]).face_rgb == still.face_rgb).all()


def test_the_most_usual_pose_is_the_base():
    stills = [made_still() for _ in range(3)]
    stills[0].mesh_px[:] += 9
    stills[2].mesh_px[:] -= 8
    assert central_still(stills) == 1


def test_smooth_colours_come_from_all_stills_and_fine_detail_from_the_central_one():
    grainy, grain = made_still(opening=0.5), np.random.default_rng(0).integers(-20, 20, (256, 256, 1))
    grainy.face_rgb[:] = np.clip(grainy.face_rgb + grain, 0, 255)
    brighter = [made_still(opening=opening) for opening in (0.45, 0.55)]
    for still in brighter:
        still.face_rgb[:] = np.clip(still.face_rgb.astype(int) + 15, 0, 255)
    combined = combine_stills([brighter[0], grainy, brighter[1]])
    change = (combined.face_rgb.astype(float) - grainy.face_rgb)[CHEEK]
    assert 6 < change.mean() < 12
    assert change.std() < 4
    share = _sharpness(combined.face_rgb) / _sharpness(grainy.face_rgb)
    assert share > 0.9


def test_beside_the_mouth_an_outline_shows_once_and_the_light_is_that_of_all():
    stills = [made_still() for _ in range(3)]
    for still, edge in zip(stills, (20, 30, 40), strict=True):
        still.face_rgb[:] = 120
        still.face_rgb[:, :edge] = 20  # hair that moves, beside the face
    combined = combine_stills(stills).face_rgb[150, 4:80, 0].astype(int)
    assert (np.abs(np.diff(combined)) > 25).sum() == 1
    assert combined[-1] == 120


def _sharpness(face):
    return cv2.Laplacian(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)[CHEEK], cv2.CV_64F).var()
