"""Hard cuts, by PySceneDetect's content detector fed with the frames already decoded."""

import cv2
import numpy as np
from scenedetect import FrameTimecode
from scenedetect.detectors import ContentDetector

from schemas.clock import FRAME_RATE

_WIDTH = 160  # px; a change of colour over the whole image needs no more
_SAMPLED_SIDE = 360  # px; of larger images only every second, third ... pixel is read


class CutDetector:
    """Decides of each frame in turn whether a new shot begins with it."""

    def __init__(self, threshold: float) -> None:
        """Begin a video; threshold: difference of hue, saturation and value, as PySceneDetect's content score."""
        self._detector = ContentDetector(threshold=threshold, min_scene_len=0)
        self._position = 0

    def is_cut(self, rgb: np.ndarray) -> bool:
        """Whether this RGB image differs from the one before by more than the threshold."""
        step = max(1, min(rgb.shape[:2]) // _SAMPLED_SIDE)
        rgb = rgb[::step, ::step]
        height, width = rgb.shape[:2]
        size = (min(_WIDTH, width), max(1, round(height * min(_WIDTH, width) / width)))
        small = cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
        timecode = FrameTimecode(self._position, float(FRAME_RATE))
        self._position += 1
        return bool(self._detector.process_frame(timecode, small))
