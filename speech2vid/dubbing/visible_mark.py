"""A small visible mark that says that a video was dubbed, in the lower left of each frame as it is shown."""

import cv2
import numpy as np

from schemas.media import VideoStream
from speech2vid.dubbing.image_planes import FramePlanes
from transforms.media.canonical import invert_affine
from transforms.media.orientation import shown_from_stored

TEXT = "AI DUBBED"
_HEIGHT_SHARE = 1 / 30  # of the frame's shorter side: height of the letters
_MARGIN = 1.0  # of that height: around the letters, and from the frame's edge
_SHADE = 0.5  # how much of the dark ground is seen
_FONT = cv2.FONT_HERSHEY_SIMPLEX


class VisibleMark:
    """The mark of one video."""

    def __init__(self, video: VideoStream) -> None:
        """Draw it for the video's size, turned and mirrored as its frames are stored."""
        letter = max(6, round(min(video.width, video.height) * _HEIGHT_SHARE))
        scale = cv2.getFontScaleFromHeight(_FONT, letter, max(1, letter // 10))
        (width, _), _ = cv2.getTextSize(TEXT, _FONT, scale, max(1, letter // 10))
        margin = round(letter * _MARGIN)
        size = (width + 2 * margin, letter + 2 * margin)
        letters = np.zeros((size[1], size[0]), np.uint8)
        cv2.putText(letters, TEXT, (margin, margin + letter), _FONT, scale, 255, max(1, letter // 10), cv2.LINE_AA)
        to_shown = np.array([[1.0, 0, margin], [0, 1, video.height - margin - size[1]]])
        self._place(letters, to_shown, video)

    def draw(self, planes: FramePlanes) -> None:
        """Draw it into a frame."""
        planes.paste(self._patch, self._share, self._corner)

    def _place(self, letters: np.ndarray, to_shown: np.ndarray, video: VideoStream) -> None:
        """Keep the mark as a patch of the stored frame; letters: uint8 (h, w); to_shown: its px -> px as shown."""
        to_stored = invert_affine(shown_from_stored(video)[None])[0]
        affine = np.column_stack([to_stored[:, :2], to_stored[:, :2] @ to_shown[:, 2] + to_stored[:, 2]])
        height, width = letters.shape
        corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]]) @ affine[:, :2].T
        corners += affine[:, 2]
        stored = np.array([video.coded_width, video.coded_height])
        first = np.clip(np.floor(corners.min(0) + 0.5), 0, stored - 1).astype(int)
        last = np.clip(np.floor(corners.max(0) + 0.5), first, stored - 1).astype(int)
        size = (int(last[0] - first[0]) + 1, int(last[1] - first[1]) + 1)
        affine[:, 2] -= first
        drawn = cv2.warpAffine(letters, affine, size).astype(np.float32) / 255
        self._corner = (int(first[0]), int(first[1]))
        self._share = (_SHADE + (1 - _SHADE) * drawn).astype(np.float32)
        self._patch = np.repeat(255 * drawn[..., None] / self._share[..., None], 3, axis=2)
