"""Streams and frame times of a media file, as its probe found them."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStream:
    """The video stream that is used."""

    index: int  # stream index in the container
    codec: str
    width: int  # px as shown: after rotation and with square pixels
    height: int  # px as shown
    coded_width: int  # px as stored
    coded_height: int  # px as stored
    rotation_deg: int  # clockwise turn a player applies: 0, 90, 180 or 270
    average_rate: Fraction  # frames per second; for display, never for time
    time_base: Fraction  # seconds per presentation tick
    num_frames: int  # frames that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioStream:
    """One audio stream."""

    index: int  # stream index in the container
    codec: str
    sample_rate_hz: int
    num_channels: int
    language: str  # as tagged; "" without a tag
    is_default: bool
    start_s: float  # time of the first sample after the timeline's zero; + = starts late


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaProbe:
    """Streams of one file. `video` is None without a video stream; cover art is not one."""

    container: str
    duration_s: float
    video: VideoStream | None
    audio_streams: tuple[AudioStream, ...]
    audio_index: int  # position in `audio_streams` of the one that is used; -1 without audio

    @property
    def used_audio(self) -> AudioStream | None:
        """The audio stream that is used; None without audio."""
        return self.audio_streams[self.audio_index] if self.audio_index >= 0 else None

    @property
    def used_video(self) -> VideoStream:
        """The video stream, of a file that is known to have one; ValueError without."""
        if self.video is None:
            raise ValueError("this file has no video stream")
        return self.video


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timeline:
    """When each shown source frame is presented. Frames that are decoded but not shown (edit lists) are not in it."""

    presentation_ticks: np.ndarray  # int64 (N,), strictly ascending, in units of time_base; the first is time zero
    key_frames: np.ndarray  # bool (N,), whether decoding can begin there
    time_base: Fraction  # seconds per tick

    def __post_init__(self) -> None:
        """Refuse arrays of another type or shape, and times that do not ascend."""
        ticks, keys = self.presentation_ticks, self.key_frames
        if ticks.dtype != np.int64 or ticks.ndim != 1 or len(ticks) == 0 or np.any(np.diff(ticks) <= 0):
            raise ValueError(
                f"presentation_ticks must be a strictly ascending int64 vector, not {ticks.dtype} {ticks.shape}"
            )
        if keys.dtype != np.bool_ or keys.shape != ticks.shape:
            raise ValueError(f"key_frames must be bool {ticks.shape}, not {keys.dtype} {keys.shape}")

    @property
    def zero_s(self) -> Fraction:
        """Presentation time of the first frame on the container's clock, seconds."""
        return int(self.presentation_ticks[0]) * self.time_base
