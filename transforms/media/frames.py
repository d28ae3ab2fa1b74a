"""Images of a video by source frame: decord where it is exact, PyAV for the rest; one at a time, constant memory."""

from collections.abc import Iterator
from typing import Self

import numpy as np

from schemas.clock import NO_IMAGE
from schemas.media import MediaProbe, Timeline, VideoStream
from transforms.media.frames_decord import DecordFrames, NotExact
from transforms.media.frames_pyav import PyavFrames

_MAX_DECORD_PIXELS = 1_000_000
"""PyAV reads larger images: decord decodes ahead of a slow reader without bound (4.5 GB in ten minutes of 1080p,
measured), and is the slower of the two at that size."""
_MAX_DECORD_BYTES = 1_000_000_000
"""Of all images of a file together, as decord may hold them all: PyAV reads longer files, in memory that is flat."""


class FrameReader:
    """Reads one file. Keep it open over neighbouring windows: to continue is cheaper than to open again."""

    def __init__(self, path: str, probe: MediaProbe, timeline: Timeline) -> None:
        """Open nothing yet; probe and timeline are those of the file."""
        self._path, self._probe, self._timeline = path, probe, timeline
        self._reader: DecordFrames | PyavFrames | None = None
        self._is_for_decord = not _is_large(probe.used_video)  # as far as is known before its images are read

    def begin_window(self) -> None:
        """Let what follows not depend on what was read before: a run that was resumed reads only some of the windows.

        Where damage made PyAV take over, decord may show a damaged image of a later window that PyAV reports.
        """
        if isinstance(self._reader, DecordFrames):
            self._reader.check_next()
        elif self._is_for_decord:
            self.close()

    def frames(self, source_frames: np.ndarray) -> Iterator[tuple[int, np.ndarray | None]]:
        """(position in `source_frames`, image) for each of `source_frames`, int (N,), ascending, may repeat.

        Images are RGB uint8 (H, W, 3), upright with square pixels, and must not be written to: a repeated frame is
        the same array. None: the frame cannot be decoded or is damaged. NO_IMAGE in `source_frames` is left out.
        """
        last_frame, image = -1, None
        for position, source_frame in enumerate(np.asarray(source_frames, np.int64).tolist()):
            if source_frame == NO_IMAGE:
                continue
            if source_frame != last_frame:
                last_frame, image = source_frame, self._read(source_frame)
            yield position, image

    def close(self) -> None:
        """Close the file."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def __enter__(self) -> Self:
        """Return the reader."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        self.close()

    def _read(self, source_frame: int) -> np.ndarray | None:
        if self._reader is None:
            self._reader = self._opened()
        try:
            return self._reader.read(source_frame)
        except NotExact:
            self.close()
            self._reader = PyavFrames(self._path, self._probe.used_video, self._timeline)
            return self._reader.read(source_frame)

    def _opened(self) -> DecordFrames | PyavFrames:
        if self._is_for_decord:
            try:
                return DecordFrames(self._path, self._probe, self._timeline)
            except NotExact:
                self._is_for_decord = False
        return PyavFrames(self._path, self._probe.used_video, self._timeline)


def _is_large(video: VideoStream) -> bool:
    num_pixels = video.coded_width * video.coded_height
    return num_pixels > _MAX_DECORD_PIXELS or 3 * num_pixels * video.num_frames > _MAX_DECORD_BYTES
