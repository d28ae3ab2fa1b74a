"""Hard cuts, by PySceneDetect's content detector fed with the frames already decoded. A flash is no cut.

PySceneDetect's own filter for flashes merges cuts that follow each other closely, real ones too. Here the images on
both sides of a flash are compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scenedetect import FrameTimecode
from scenedetect.detectors import ContentDetector

from schemas.clock import FRAME_RATE
from transforms.faces.thumbnail import edge_similarity, grey_levels

_SAME_VIEW = 0.5
"""Similarity of edges from which on a sudden change is one of light alone: 0.13 at most at cuts, 0.70 at least at
flashes that do not hide the scene (27 changes, measured)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShotImage:
    """One timeline frame, with what is known of its shot."""

    frame: int
    rgb: np.ndarray | None  # None: it cannot be decoded, or a flash hides the scene
    small: np.ndarray | None  # its thumbnail
    is_cut: bool  # a new shot begins with it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Held:
    """An image that waits until it is known whether it is a cut or a flash."""

    frame: int
    rgb: np.ndarray | None
    small: np.ndarray | None  # its thumbnail
    before: np.ndarray | None  # thumbnail of the image before
    jumps: bool  # its content differs suddenly


class CutDetector:
    """Says of each frame in turn whether a new shot begins with it. Holds images back only after a sudden change."""

    def __init__(self, threshold: float, max_flash_frames: int) -> None:
        """Begin a video.

        threshold: difference of hue, saturation and value, as PySceneDetect's content score. max_flash_frames: longest
        flash that is no cut; what follows a longer one is a new shot.
        """
        self._threshold, self._max_flash_frames = threshold, max_flash_frames
        self._detector = ContentDetector(threshold=threshold, min_scene_len=0)
        self._position = 0
        self._last: np.ndarray | None = None  # thumbnail
        self._held: list[_Held] = []

    def take(self, frame: int, rgb: np.ndarray | None, small: np.ndarray | None) -> Iterator[ShotImage]:
        """Take an image and its thumbnail (None: not decoded); the frames that are decided by now, in order."""
        jumps = small is not None and self._jumps(small)
        self._held.append(_Held(frame=frame, rgb=rgb, small=small, before=self._last, jumps=jumps))
        self._last = self._last if small is None else small
        return self._decided(is_last=False)

    def rest(self) -> Iterator[ShotImage]:
        """The frames that are still held back, at the video's end."""
        return self._decided(is_last=True)

    def _decided(self, is_last: bool) -> Iterator[ShotImage]:
        while self._held:
            first = self._held[0]
            length = self._flash_length() if first.jumps else 0
            waits = self._held[-1].frame - first.frame < self._max_flash_frames and not is_last
            if first.jumps and not length and waits:
                return
            for hidden in self._held[:length]:
                yield ShotImage(frame=hidden.frame, rgb=None, small=None, is_cut=False)
            seen = self._held[length]
            del self._held[: length + 1]
            yield ShotImage(frame=seen.frame, rgb=seen.rgb, small=seen.small, is_cut=first.jumps and not length)

    def _flash_length(self) -> int:
        """How many of the frames held back hide the view before them, which is back after them; 0: it is not."""
        first, before = self._held[0], self._held[0].before
        assert before is not None  # only an image after another one can jump
        for length, later in enumerate(self._held):
            is_near = later.frame - first.frame <= self._max_flash_frames
            if is_near and later.small is not None and not _differ(before, later.small, self._threshold):
                return length
        return 0

    def _jumps(self, small: np.ndarray) -> bool:
        """Whether the view changed suddenly, and not only its light."""
        is_sudden = self._detector.process_frame(FrameTimecode(self._position, float(FRAME_RATE)), small)
        self._position += 1
        return bool(is_sudden) and self._last is not None and _is_other_view(self._last, small)


def _differ(before: np.ndarray, after: np.ndarray, threshold: float) -> bool:
    """Whether two thumbnails show different views."""
    pair = ContentDetector(threshold=threshold, min_scene_len=0)
    pair.process_frame(FrameTimecode(0, float(FRAME_RATE)), before)
    is_sudden = pair.process_frame(FrameTimecode(1, float(FRAME_RATE)), after)
    return bool(is_sudden) and _is_other_view(before, after)


def _is_other_view(before: np.ndarray, after: np.ndarray) -> bool:
    return edge_similarity(grey_levels(before), grey_levels(after)) < _SAME_VIEW
