"""A portrait whose mouth and head move, by an inverse warp: each output pixel is looked up in the portrait."""

import itertools
from dataclasses import dataclass

import cv2
import numpy as np

# Positions in skimage.data.astronaut() (512 x 512), px, measured once with a face mesh.
FACE_BOX_XYXY = (177.0, 67.0, 273.0, 175.0)
_MOUTH_X = np.array([202.6, 205.3, 208.2, 212.0, 216.8, 222.4, 228.2, 233.1, 237.1, 240.3, 243.2])
_INNER_UPPER_Y = np.array([140.5, 140.2, 140.5, 141.2, 142.1, 142.7, 142.5, 142.1, 141.6, 141.6, 142.2])
_INNER_LOWER_Y = np.array([140.5, 143.2, 145.0, 146.7, 148.1, 148.8, 148.6, 147.6, 146.2, 144.6, 142.2])
_MOUTH_CENTRE_XY = (222.7, 145.0)
_HALF_MOUTH_PX = 20.3
_NOSE_BASE_Y, _CHIN_Y, _COLLAR_Y = 133.5, 174.8, 206.0
_UPPER_LIP_PX, _LOWER_LIP_PX = 3.0, 6.0
_HALF_JAW_PX = 50.0
_HEAD_XY, _HEAD_REACH_PX = (224.0, 105.0), 115.0
_NECK_XY = (222.0, 190.0)  # centre of the head's rotation
_WIDEST_OPENING_PX = 11.0  # a quarter of the distance between the eyes
_TEETH_PX = 5.0
_CAVITY_RGB = np.array([52, 18, 20], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """The pose of head and mouth in one frame."""

    opening: float  # of the mouth, 0..1
    rounding: float  # of the lips, 0..1
    tilt_deg: float  # + = clockwise in the image
    move_xy: tuple[float, float]  # of the head, px of the portrait


def posed(
    portrait_rgba: np.ndarray, corner_xy: tuple[float, float], scale: float, size_wh: tuple[int, int], pose: Pose
) -> np.ndarray:
    """Draw the portrait with a posed face: the part that begins at `corner_xy`, enlarged `scale` times.

    portrait_rgba: uint8 (512, 512, 4). Returns float32 (h, w, 4), 0..255.
    """
    width, height = size_wh
    x, y = np.meshgrid(
        ((np.arange(width) + 0.5) / scale + corner_xy[0] - 0.5).astype(np.float32),
        ((np.arange(height) + 0.5) / scale + corner_xy[1] - 0.5).astype(np.float32),
    )
    # Whatever the head does, the jaw stays inside this box: only there is its warp needed.
    columns = np.flatnonzero(np.abs(x[0] - _MOUTH_CENTRE_XY[0]) < 90)
    rows = np.flatnonzero((y[:, 0] > _NOSE_BASE_Y - 25) & (y[:, 0] < _COLLAR_Y + 25))
    x, y = _without_head_motion(x, y, pose)
    if len(columns) == 0 or len(rows) == 0:
        return _look_up(portrait_rgba, x, y)
    jaw = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    x[jaw] = _without_rounding(x[jaw], y[jaw], pose.rounding)
    upper_y, lower_y = _lips_of(x[jaw], pose.opening)
    face_y = y[jaw].copy()
    y[jaw] = _without_jaw_motion(x[jaw], face_y, upper_y, lower_y, pose.opening)
    seen = _look_up(portrait_rgba, x, y)
    edge_px = max(0.6, 1 / scale)
    inside = np.clip((face_y - upper_y) / edge_px + 0.5, 0, 1) * np.clip((lower_y - face_y) / edge_px + 0.5, 0, 1)
    inside *= np.clip((lower_y - upper_y) / 0.8, 0, 1)  # nothing is visible between closed lips
    mouth_rgb = _inside_of_mouth(portrait_rgba, x[jaw], face_y - upper_y, lower_y - upper_y, pose)
    seen[jaw][..., :3] += inside[..., None] * (mouth_rgb - seen[jaw][..., :3])
    return seen


def _without_head_motion(x: np.ndarray, y: np.ndarray, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """Undo the motion of the head, which fades out around it and down the neck."""
    away = np.hypot(x - _HEAD_XY[0], y - _HEAD_XY[1]) / _HEAD_REACH_PX
    weight = 0.5 + 0.5 * np.cos(np.pi * np.clip((away - 0.65) / 0.5, 0, 1))
    angle = np.float32(np.deg2rad(pose.tilt_deg)) * weight
    from_neck_x, from_neck_y = x - _NECK_XY[0] - weight * pose.move_xy[0], y - _NECK_XY[1] - weight * pose.move_xy[1]
    return (
        _NECK_XY[0] + from_neck_x * np.cos(angle) + from_neck_y * np.sin(angle),
        _NECK_XY[1] - from_neck_x * np.sin(angle) + from_neck_y * np.cos(angle),
    )


def _without_rounding(x: np.ndarray, y: np.ndarray, rounding: float) -> np.ndarray:
    from_centre = x - _MOUTH_CENTRE_XY[0]
    near = np.exp(-0.5 * ((from_centre / 24) ** 2 + ((y - _MOUTH_CENTRE_XY[1]) / 13) ** 2))
    return _MOUTH_CENTRE_XY[0] + from_centre * (1 + 0.4 * rounding * near)


def _lips_of(x: np.ndarray, opening: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the y of the inner edges of upper and lower lip at each x of the portrait."""
    upper_y, lower_y = np.interp(x, _MOUTH_X, _INNER_UPPER_Y), np.interp(x, _MOUTH_X, _INNER_LOWER_Y)
    closed_y = upper_y + 0.3 * (lower_y - upper_y)
    across = np.clip(np.abs(x - _MOUTH_CENTRE_XY[0]) / _HALF_MOUTH_PX, 0, 1)
    gap = opening * _WIDEST_OPENING_PX * (1 - across**2) ** 0.7
    return closed_y - 0.25 * gap, closed_y + 0.75 * gap


def _without_jaw_motion(
    x: np.ndarray, y: np.ndarray, upper_y: np.ndarray, lower_y: np.ndarray, opening: float
) -> np.ndarray:
    """Return the portrait's y for each y: lips move rigidly, nose to collar is stretched between the landmarks."""
    upper_move = upper_y - np.interp(x, _MOUTH_X, _INNER_UPPER_Y)
    lower_move = lower_y - np.interp(x, _MOUTH_X, _INNER_LOWER_Y)
    jaw = np.cos(0.5 * np.pi * np.clip((x - _MOUTH_CENTRE_XY[0]) / _HALF_JAW_PX, -1, 1)) ** 2
    chin_move = 0.5 * opening * _WIDEST_OPENING_PX * jaw
    still = np.zeros_like(x)
    knots = [
        (still + _NOSE_BASE_Y, still),
        (upper_y - _UPPER_LIP_PX, upper_move),
        (upper_y, upper_move),
        (np.maximum(lower_y, upper_y + 0.05), lower_move),
        (lower_y + _LOWER_LIP_PX, lower_move),
        (_CHIN_Y + chin_move, chin_move),
        (still + _COLLAR_Y, still),
    ]
    portrait_y = y.copy()
    for (low_y, low_move), (high_y, high_move) in itertools.pairwise(knots):
        share = np.clip((y - low_y) / (high_y - low_y), 0, 1)
        portrait_y -= (high_move - low_move) * share * share * (3 - 2 * share)
    return portrait_y


def _inside_of_mouth(
    portrait_rgba: np.ndarray, x: np.ndarray, depth: np.ndarray, gap: np.ndarray, pose: Pose
) -> np.ndarray:
    """Draw the upper teeth below the upper lip over a dark cavity, float (h, w, 3). depth: px below the upper lip."""
    teeth_y = np.interp(x, _MOUTH_X, _INNER_UPPER_Y) + np.clip(depth, 0, _TEETH_PX - 0.5)
    teeth_rgb = _look_up(portrait_rgba, x, teeth_y)[..., :3]
    # Teeth are darker behind lips that are rounded or nearly closed.
    light = (1 - 0.75 * pose.rounding) * np.clip((gap - 0.5) / 5, 0, 0.9)
    shown = np.clip(_TEETH_PX - 1 - depth, 0, 1) * light
    return _CAVITY_RGB + shown[..., None] * (teeth_rgb - _CAVITY_RGB)


def _look_up(portrait_rgba: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    found = cv2.remap(
        portrait_rgba, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return found.astype(np.float32)
