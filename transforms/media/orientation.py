"""How a player turns and mirrors decoded frames: the nearest of eight orientations to the display matrix."""

import itertools
from typing import Any, NamedTuple

import av
import numpy as np
from av.sidedata.sidedata import Type

from schemas.media import VideoStream

_QUARTER_TURN = np.array([[0, -1], [1, 0]])  # clockwise, of image coordinates (x right, y down)
_MIRROR = np.array([[-1, 0], [0, 1]])


class Orientation(NamedTuple):
    """First a clockwise turn, then left and right are exchanged."""

    rotation_deg: int  # 0, 90, 180 or 270
    is_mirrored: bool


def orientation_of(frame: "av.VideoFrame") -> Orientation:
    """The orientation in which a decoded frame is shown. Shear and odd angles: the nearest of the eight."""
    side_data: Any = frame.side_data  # PyAV's stubs know only some of its keys
    matrix = side_data.get(Type.DISPLAYMATRIX)
    if matrix is None:
        return Orientation(0, False)
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].astype(np.float64)
    return _nearest(np.array([[a, c], [b, d]]))


def upright(image: np.ndarray, video: VideoStream) -> np.ndarray:
    """A view of a decoded image (height, width, 3) as it is shown."""
    turned = np.rot90(image, -video.rotation_deg // 90)
    return turned[:, ::-1] if video.is_mirrored else turned


def shown_from_stored(video: VideoStream) -> np.ndarray:
    """Affine map float64 (2, 3) from px of decoded frames to px as shown: turned, mirrored, with square pixels."""
    linear = _matrix_of(Orientation(video.rotation_deg, video.is_mirrored)).astype(np.float64)
    stored, shown = np.array([video.coded_width, video.coded_height]), np.array([video.width, video.height])
    linear = linear * shown[:, None] / stored  # from a square to a square, if both images were one
    return np.column_stack([linear, (shown - 1) / 2 - linear @ ((stored - 1) / 2)])


def _nearest(stored_to_shown: np.ndarray) -> Orientation:
    """Of the eight orthogonal matrices, the one with the largest inner product; no change for a matrix of zeros."""
    all_eight = itertools.starmap(Orientation, itertools.product((0, 90, 180, 270), (False, True)))
    return max(all_eight, key=lambda orientation: float((_matrix_of(orientation) * stored_to_shown).sum()))


def _matrix_of(orientation: Orientation) -> np.ndarray:
    turned = np.linalg.matrix_power(_QUARTER_TURN, orientation.rotation_deg // 90)
    return _MIRROR @ turned if orientation.is_mirrored else turned
