"""How blurred a photograph is, so that what is drawn into it is no sharper.

Small faces are enlarged, and lenses err: teeth and lips drawn at full sharpness would look cut out and glued in.
"""

import cv2
import numpy as np

from speech2vid.rendering.painter_input import VIEW_PX, Part
from speech2vid.rendering.still import Still

_FINE_PX, _COARSE_PX = 0.8, 1.6  # standard deviations, of the aligned face at VIEW_PX
_SHARP_PX = 1.5  # of the aligned face at VIEW_PX: what is found of sharp photographs, and of what is drawn
_MIN_PX = 0.5  # of the image's own pixels: of the edges of what is drawn, which would show steps
_MAX_PX = 3.0  # of the aligned face at VIEW_PX


def missing_blur_px(still: Still, part: Part) -> float:
    """Standard deviation, px of the still, by which what is drawn is to be blurred.

    part: rows and columns, at VIEW_PX, that tell it.
    """
    scale = len(still.face_rgb) / VIEW_PX
    box = tuple(slice(round(side.start * scale), round(side.stop * scale)) for side in part)
    larger = max(1.0, scale)
    missing = np.sqrt(max(_blur_px(still.face_rgb[box], larger) ** 2 - (_SHARP_PX * larger) ** 2, 0.0))
    return float(np.clip(missing, _MIN_PX, _MAX_PX * larger))


def _blur_px(image_rgb: np.ndarray, larger: float) -> float:
    """Standard deviation of an image's own blur, of an aligned face so much larger than VIEW_PX.

    Power falls with the square of the frequency in sharp photographs. Blurred by s and then by t, the mean square of
    their Laplacian is as 1 / (s^2 + t^2)^2, so two t tell s.
    """
    luma = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine_px, coarse_px = _FINE_PX * larger, _COARSE_PX * larger
    fine, coarse = (
        float(np.square(cv2.Laplacian(cv2.GaussianBlur(luma, (0, 0), deviation), cv2.CV_32F)).mean())
        for deviation in (fine_px, coarse_px)
    )
    ratio = np.sqrt(max(fine, 1e-6) / max(coarse, 1e-6))
    variance = (coarse_px**2 - ratio * fine_px**2) / max(ratio - 1, 1e-3)
    return float(np.sqrt(max(variance, 0.0)))
