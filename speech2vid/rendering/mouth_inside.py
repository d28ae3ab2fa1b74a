"""The inside of the mouth as it moves in life: the upper teeth with the head, the lower ones with the chin.

A warp of the lips' triangles would stretch teeth as the mouth opens. Here they keep their size, and what a still does
not show of them counts as hidden.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from speech2vid.rendering.still import Still
from speech2vid.rendering.topology import INNER_LIPS
from transforms.media.canonical import fit_similarity

_HEAD = [33, 133, 263, 362, 168, 6, 197, 195, 5, 4, 1, 98, 327]  # what speech does not move: size and turn
_UPPER_JAW = [2, 98, 327]  # below the nose
_LOWER_JAW = [152, 148, 377, 176, 400, 175, 199]  # chin
_INSIDE = list(INNER_LIPS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CarriedInside:
    """A mouth's inside in a box of h x w px of the target."""

    rgb: np.ndarray  # float32 (2, h, w, 3), 0..255: carried by the upper, and by the lower jaw
    shown: np.ndarray  # float32 (2, h, w), 0..1: how far each pixel shows the mouth's inside


def carried_inside(still: Still, target_px: np.ndarray, box: tuple[slice, slice]) -> CarriedInside:
    """Carry the still's mouth inside to a target mesh (468, 3); box: rows and columns of the target image."""
    height, width = box[0].stop - box[0].start, box[1].stop - box[1].start
    corner = np.array([box[1].start, box[0].start])
    points, target = still.mesh_px[:, :2].astype(np.float64), target_px[:, :2].astype(np.float64)
    turn = fit_similarity(points[None, _HEAD], target[_HEAD])[0, :, :2]
    rgb, shown = np.empty((2, height, width, 3), np.float32), np.empty((2, height, width), np.float32)
    for number, jaw in enumerate((_UPPER_JAW, _LOWER_JAW)):
        offset = target[jaw].mean(0) - turn @ points[jaw].mean(0) - corner
        rgb[number] = cv2.warpAffine(
            still.face_rgb, np.column_stack([turn, offset]), (width, height), borderMode=cv2.BORDER_REPLICATE
        )
        outline = np.round((points[_INSIDE] @ turn.T + offset) * 16).astype(np.int32)
        mask = np.zeros((height, width), np.uint8)
        shown[number] = cv2.fillPoly(mask, [outline], 255, cv2.LINE_AA, 4) * np.float32(1 / 255)
    return CarriedInside(rgb=rgb, shown=shown)
