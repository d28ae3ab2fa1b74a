"""Frames by index through decord, where its index can be trusted; key frames are compared with PyAV's."""

import os
from typing import Any

# decord reads it when it is imported. Otherwise it retries the last frames and then returns copies of an earlier one.
os.environ.setdefault("DECORD_REWIND_RETRY_MAX", "0")

import decord
import numpy as np

from schemas.media import MediaProbe, Timeline, VideoColour
from transforms.media.frames_pyav import SEEK_FROM, PyavFrames, shown_frame
from transforms.media.tone_map import needs_mapping

_SAME_TIME_S = 0.002
_SAME_IMAGE = 0.5  # largest mean difference, grey levels; measured: 0.0 for H.264, HEVC, VP8, MPEG-4
_CHECK_EVERY_S = 0.5  # shortest time between two comparisons; decord conceals damage without an error


class NotExact(Exception):
    """Decord cannot be trusted with this file; PyAV reads it instead."""


class DecordFrames:
    """Reads frames in ascending order. Raises NotExact as soon as decord fails or its frames are not the timeline's."""

    def __init__(self, path: str, probe: MediaProbe, timeline: Timeline) -> None:
        """Open the file; see above for NotExact."""
        if not probe.is_indexed:
            raise NotExact(f"seeking in {probe.container} lands on other frames")
        if len(probe.moving_video_streams) > 1:
            raise NotExact("decord chooses a video stream by itself")
        colour = probe.used_video.colour
        if probe.used_video.is_mirrored or needs_mapping(colour) or colour.bit_depth > 8 or _is_grey(colour):
            raise NotExact("decord neither mirrors nor maps colours, and has 8 bits a channel")
        self._path, self._video, self._timeline = path, probe.used_video, timeline
        self._reference = PyavFrames(path, probe.used_video, timeline)
        if probe.container == "avi" and self._reference.only_counts():
            raise NotExact("it has no times, and to compare reordered frames takes as long as to decode them")
        self._reader: Any = self._open()
        self._next = -1  # index of the frame that decord returns next; -1: not positioned yet
        self._checked_ticks = -1  # time of the last comparison since the last seek; -1: none

    def read(self, source_frame: int) -> np.ndarray:
        """Upright RGB uint8 (height, width, 3) as shown."""
        try:
            self._go_to(source_frame)
            rgb = self._take()
        except (decord.DECORDError, decord.DECORDLimitReachedError, StopIteration, RuntimeError) as error:
            raise NotExact(f"decord gave up at frame {source_frame}") from error
        if self._timeline.key_frames[source_frame]:
            self._check(source_frame, rgb)
        return rgb

    def check_next(self) -> None:
        """Compare the next key frame, however long ago the last one was."""
        self._checked_ticks = -1

    def close(self) -> None:
        """Close the file."""
        self._reference.close()
        self._reader = None

    def _open(self) -> "decord.VideoReader":
        try:
            reader = decord.VideoReader(os.path.abspath(self._path), ctx=decord.cpu(0), num_threads=1)
        except (decord.DECORDError, RuntimeError, AssertionError, UnicodeEncodeError) as error:
            raise NotExact("decord cannot open it") from error
        ticks = self._timeline.presentation_ticks
        if len(reader) != len(ticks):
            raise NotExact(f"decord counts {len(reader)} frames, the file shows {len(ticks)}")
        times_s = reader.get_frame_timestamp(np.arange(len(ticks)))[:, 0].astype(np.float64)
        shown_s = (ticks - ticks[0]) * float(self._timeline.time_base)
        if np.abs(times_s - times_s[0] - shown_s).max() > _SAME_TIME_S:
            raise NotExact("decord's times are not those of the file")
        return reader

    def _go_to(self, source_frame: int) -> None:
        """Position decord at a frame, by way of the last key frame before it, which is checked."""
        key_frame = self._reference.key_before(source_frame)
        if not 0 <= self._next <= source_frame or key_frame - self._next >= SEEK_FROM:
            if self._next >= 0:  # a seek would keep what was decoded ahead: 1 GB of 640 x 360 each time (measured)
                self._reader = None
                self._reader = self._open()
            self._reader.seek_accurate(key_frame)
            self._next, self._checked_ticks = key_frame, -1
            if key_frame < source_frame:
                self._check(key_frame, self._take())
        while self._next < source_frame:  # not decord's skip_frames, which lands on other frames (measured)
            self._reader.next()
            self._next += 1

    def _take(self) -> np.ndarray:
        """The next image that decord returns."""
        rgb = self._reader.next().asnumpy()
        self._next += 1
        return shown_frame(rgb, self._video)

    def _check(self, key_frame: int, rgb: np.ndarray) -> None:
        """Compare decord's image of a key frame with PyAV's; NotExact where they differ."""
        ticks = int(self._timeline.presentation_ticks[key_frame])
        if 0 <= self._checked_ticks and (ticks - self._checked_ticks) * self._timeline.time_base < _CHECK_EVERY_S:
            return
        expected = self._reference.read(key_frame)
        if expected is None or np.abs(expected[::4, ::4].astype(np.int16) - rgb[::4, ::4]).mean() > _SAME_IMAGE:
            raise NotExact(f"decord's frame {key_frame} is a different one, or damaged")
        self._checked_ticks = ticks


def _is_grey(colour: VideoColour) -> bool:
    return colour.pixel_format.startswith("gray")
