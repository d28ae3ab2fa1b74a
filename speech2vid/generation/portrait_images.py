"""A portrait that speaks: stills are found, and images made of streaming audio, in constant memory."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from speech2vid.generation.borrowed_motion import borrow_motion
from speech2vid.generation.stills import StillFinder, find_stills
from speech2vid.generation.talking_faces import audio_windows
from speech2vid.generation.talking_portrait import NUM_STILLS, TalkingPortrait
from speech2vid.motion.file import MotionFile
from speech2vid.rendering.painter_file import PainterFile

_STILL_PX = 256
_MAX_SIDE_PX = 1280  # of a whole image, where no size is asked for


class PortraitSpeaker:
    """See generate.Speaker; by motion of the mesh, warp and painter."""

    def __init__(
        self,
        identity: Sequence[str],
        motion: MotionFile,
        painter: PainterFile,
        gain: float,
        *,
        motion_of: str | None,
        whole: bool,
        size_px: int,
    ) -> None:
        """Find the stills. motion_of, whole, size_px: see GenerateOptions. UsageError: see find_stills."""
        borrowed = borrow_motion(motion_of) if motion_of else None
        found = find_stills(identity, NUM_STILLS, StillFinder(_STILL_PX))
        self._portrait = TalkingPortrait([one.still for one in found], motion, painter, gain, borrowed)
        self._shown, self._motion, self._whole = found[self._portrait.central], motion, whole
        self.about = f"motion network sha256 {motion.sha256}, painter sha256 {painter.sha256}"
        self.size_px = _whole_size(self._shown.image_rgb, size_px) if whole else (size_px or _STILL_PX,) * 2

    def images(self, blocks: Iterable[np.ndarray], num_frames: int) -> Iterator[np.ndarray]:
        """See generate.Speaker."""
        for windows in audio_windows(blocks, num_frames, self._motion):
            if not len(windows):
                continue
            if self._whole:
                yield from self._portrait.images(windows, self._shown.image_rgb, self._shown.to_image)
            else:
                yield from self._portrait.faces(windows)


def _whole_size(image_rgb: np.ndarray, longer_px: int) -> tuple[int, int]:
    """Even width and height of a whole image whose longer side is to be longer_px; 0: as it is, if not too large."""
    height, width = image_rgb.shape[:2]
    scale = (longer_px or min(_MAX_SIDE_PX, max(height, width))) / max(height, width)
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))
