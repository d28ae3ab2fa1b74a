"""Faces side by side, each with a few words below it."""

from dataclasses import dataclass

import cv2
import numpy as np

_SIDE_PX, _LINE_PX, _GAP_PX, _COLUMNS = 160, 18, 8, 7
_PAPER, _INK = (255, 255, 255), (25, 25, 25)  # RGB
_FONT = cv2.FontFace("sans")
_TEXT_PX = 13


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShownPerson:
    """A face and what is said of it."""

    face_rgb: np.ndarray  # uint8 (H, W, 3)
    text: tuple[str, ...]  # lines


def people_sheet(shown: list[ShownPerson]) -> np.ndarray:
    """RGB uint8 (H, W, 3), rows of faces in the order given."""
    num_lines = max(len(one.text) for one in shown)
    height, width = _SIDE_PX + num_lines * _LINE_PX + 2 * _GAP_PX, _SIDE_PX + 2 * _GAP_PX
    num_rows = -(-len(shown) // _COLUMNS)
    sheet = np.full((num_rows * height, min(len(shown), _COLUMNS) * width, 3), _PAPER, np.uint8)
    for place, one in enumerate(shown):
        row, column = divmod(place, _COLUMNS)
        _draw(sheet, one, column * width + _GAP_PX, row * height + _GAP_PX)
    return sheet


def _draw(sheet: np.ndarray, one: ShownPerson, left: int, top: int) -> None:
    face = cv2.resize(one.face_rgb, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    sheet[top : top + _SIDE_PX, left : left + _SIDE_PX] = face
    for number, line in enumerate(one.text):
        place = (left, top + _SIDE_PX + (number + 1) * _LINE_PX - 4)
        cv2.putText(sheet, line, place, _INK, _FONT, _TEXT_PX)
