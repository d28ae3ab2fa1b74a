"""What of the painted colours is taken: all between the lips and where the base is hidden, elsewhere the smooth part.

So lips and skin keep the fine detail of the photograph, which the painter does not draw as sharply.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from speech2vid.rendering.painter_input import SEEN, VIEW_PX, PainterInput

_SMOOTH_PX = 2.5  # standard deviation, of the base's own pixels; what is finer comes from the base
_MEETING_SHADE = 0.25  # of the light: between lips that meet
_EDGE_PX = 1.0  # standard deviation of the softening between the two


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaintedPart:
    """How the painted part changes the base: first towards the colours, then by the tint."""

    colours: np.ndarray  # float32 (P, P, 3), 0..255
    alpha: np.ndarray  # float32 (P, P), 0..1: how much of the colours is taken
    tint: np.ndarray  # float32 (P, P, 3), -255..255: added; smooth


def keep_detail(seen: PainterInput, colours: np.ndarray, alpha: np.ndarray, base_px: int) -> PaintedPart:
    """Part the painter's result, colours (P, P, 3), 0..255, and alpha (P, P), for a base of a side of base_px."""
    inside = cv2.dilate(seen.between_lips, np.ones((3, 3), np.uint8))
    whole = np.maximum(cv2.GaussianBlur(inside, (0, 0), _EDGE_PX), 1 - seen.planes[SEEN])
    rest = (1 - whole)[..., None]
    colours = colours * (1 - _MEETING_SHADE * cv2.GaussianBlur(seen.meeting, (0, 0), _EDGE_PX))[..., None]
    difference = colours - seen.base_rgb
    tint = rest * cv2.GaussianBlur(alpha[..., None] * rest * difference, (0, 0), _SMOOTH_PX * max(1, VIEW_PX / base_px))
    return PaintedPart(colours=colours, alpha=alpha * whole, tint=tint)
