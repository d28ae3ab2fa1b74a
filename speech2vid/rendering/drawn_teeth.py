"""Two rows of teeth of usual size, seen from the front: drawn from a table, no one's."""

import functools
from dataclasses import dataclass

import cv2
import numpy as np

SHEET_MM = (24, 72)  # height and width of a sheet; the edge of the middle teeth lies in its middle
SHEET_SCALE = 3  # px a mm
_FINER = 4  # by which a sheet is drawn finer
_GAP_MM, _ROUNDING_MM, _SOFT_MM = 0.12, 1.1, 0.3
_BETWEEN_TEETH = 0.55  # light
_HOLLOW = 0.1  # of its light, that a tooth lacks at its sides, its edge and its root


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tooth:
    """One tooth of each half."""

    width_mm: float
    height_mm: float
    edge_mm: float  # how far its edge lies beyond that of the middle ones, towards the other row
    light: float  # 0..1: less towards the corners of the mouth


def _row(*teeth: tuple[float, float, float, float]) -> tuple[_Tooth, ...]:
    return tuple(_Tooth(width_mm=w, height_mm=h, edge_mm=edge, light=light) for w, h, edge, light in teeth)


_UPPER = _row(
    *((8.3, 10.0, 0.0, 1.0), (6.6, 8.8, -0.7, 0.96), (6.4, 9.4, -0.2, 0.88)),
    *((5.2, 8.0, -0.9, 0.74), (4.0, 7.0, -1.6, 0.58), (3.0, 6.0, -2.3, 0.42)),
)
_LOWER = _row(
    *((5.2, 8.5, 0.0, 0.86), (5.6, 8.6, 0.0, 0.85), (5.6, 9.0, 0.2, 0.80)),
    *((5.0, 8.0, -0.6, 0.68), (4.2, 7.0, -1.4, 0.52), (3.4, 6.0, -2.2, 0.36)),
)


@functools.cache
def teeth_sheet(upper: bool) -> np.ndarray:
    """The upper or the lower teeth, float32 (h, w, 2): light, and how far teeth cover a pixel; both 0..1."""
    scale = SHEET_SCALE * _FINER
    light = np.zeros([side * scale for side in SHEET_MM], np.float32)
    for half in (-1, 1):
        middle = 0.0
        for tooth in _UPPER if upper else _LOWER:
            _draw(light, tooth, half * (middle + tooth.width_mm / 2), upper)
            middle += tooth.width_mm
    alone = (light > 0).astype(np.uint8)
    cover = cv2.morphologyEx(alone, cv2.MORPH_CLOSE, np.ones((scale // 2, scale // 2), np.uint8))
    light[(cover > 0) & (alone == 0)] = _BETWEEN_TEETH
    sheet = cv2.GaussianBlur(np.dstack([light, cover.astype(np.float32)]), (0, 0), _SOFT_MM * scale)
    return cv2.resize(sheet, None, fx=1 / _FINER, fy=1 / _FINER, interpolation=cv2.INTER_AREA)


def _draw(light: np.ndarray, tooth: _Tooth, middle_mm: float, upper: bool) -> None:
    """Draw one tooth, whose middle lies so far right of the sheet's, as a rounded rectangle."""
    scale, root = SHEET_SCALE * _FINER, -1 if upper else 1
    edge_mm = -root * tooth.edge_mm
    low, high = sorted((edge_mm, edge_mm + root * tooth.height_mm))
    half = tooth.width_mm / 2 - _GAP_MM
    rounding = min(_ROUNDING_MM, tooth.width_mm / 3)
    ends = [(side * (half - rounding), y) for y in (low + rounding, high - rounding) for side in (-1, 1)]
    mask = np.zeros(light.shape, np.uint8)
    corner = np.array([SHEET_MM[1] / 2 + middle_mm, SHEET_MM[0] / 2])
    centres = np.round((np.array(ends) + corner) * scale).astype(int)
    for centre in centres:
        cv2.circle(mask, centre.tolist(), round(rounding * scale), 1, -1)
    cv2.fillConvexPoly(mask, cv2.convexHull(_rims(centres, round(rounding * scale))), 1)
    rows, columns = (np.arange(side) / scale for side in light.shape)
    along = np.clip((rows - SHEET_MM[0] / 2 - edge_mm) * root / tooth.height_mm, 0, 1)[:, None]
    across = (columns - corner[0]) / half
    shade = (1 - _HOLLOW * across**2) * (1 - _HOLLOW * along) * (1 - _HOLLOW * np.clip(1 - 4 * along, 0, 1))
    light[mask > 0] = (tooth.light * shade)[mask > 0]


def _rims(centres: np.ndarray, radius: int) -> np.ndarray:
    """Points on circles around the centres (N, 2): int32 (M, 2)."""
    rim = np.array(cv2.ellipse2Poly((0, 0), (radius, radius), 0, 0, 360, 15))
    return (centres[:, None] + rim).reshape(-1, 2).astype(np.int32)
