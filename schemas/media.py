"""Streams and frame times of a media file, as its probe found them."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

HDR_TRANSFERS = {"smpte2084": "pq", "arib-std-b67": "hlg"}
"""Transfer characteristics of high dynamic range, and the short name of each."""
INDEXED_CONTAINERS = ("mov,", "matroska", "avi")
"""Begins of FFmpeg's names of the containers whose index makes a seek cheap and exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoColour:
    """How the numbers of decoded frames stand for light. Names are those of FFmpeg; "" where the file does not say."""

    transfer: str = ""  # "bt709", "smpte2084" (PQ), "arib-std-b67" (HLG) ...
    primaries: str = ""  # "bt709", "bt2020", "smpte432" (Display P3) ...
    matrix: str = ""  # "bt709", "bt470bg" (BT.601), "bt2020nc" ...
    value_range: str = ""  # "limited" or "full"
    bit_depth: int = 8
    pixel_format: str = ""
    peak_nits: float = 0.0  # brightest light of the frames that were sampled; 0: not HDR

    @property
    def dynamic_range(self) -> str:
        """The kind of dynamic range: "sdr", "pq" or "hlg"."""
        return HDR_TRANSFERS.get(self.transfer, "sdr")


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStream:
    """The video stream that is used."""

    index: int  # stream index in the container
    codec: str  # FFmpeg's name of the format, like "av1"
    width: int  # px as shown: after rotation and with square pixels
    height: int  # px as shown
    coded_width: int  # px as stored
    coded_height: int  # px as stored
    rotation_deg: int  # clockwise turn a player applies: 0, 90, 180 or 270
    average_rate: Fraction  # frames per second; for display, never for time
    time_base: Fraction  # seconds per presentation tick
    num_frames: int  # frames that are shown
    gap_frames: int = 0  # timeline frames without an image, because the one before has lasted too long
    num_parts: int = 1  # parts of the timeline, which a longer gap or a jump of the clock lies between
    is_mirrored: bool = False  # a player mirrors left and right, after the turn
    colour: VideoColour = VideoColour()
    decoder: str = ""  # FFmpeg's name of what decodes it, like "libdav1d"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedVideo:
    """One video stream of a file, used or not."""

    index: int  # stream index in the container
    codec: str
    width: int  # px as stored
    height: int  # px as stored
    is_still: bool  # cover art or another still image, which is never used
    programmes: tuple[int, ...] = ()  # numbers of those that it belongs to, where the file has several


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
    decoder: str = ""  # FFmpeg's name of what decodes it; "" without a decoder
    programmes: tuple[int, ...] = ()  # numbers of those that it belongs to, where the file has several


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMix:
    """How the channels of an audio stream become one: the mean of some, or FFmpeg's own mix of all.

    Other streams may be mixed in: the mean of all of them is taken.
    """

    channels: tuple[int, ...] = ()  # those that are mixed, ascending; (): all, as FFmpeg mixes them
    reason: str = ""  # why not all of them, and only these, are mixed as they are
    other_streams: tuple[int, ...] = ()  # container indices of the streams that are mixed in, ascending


ALL_CHANNELS = ChannelMix()


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaProbe:
    """Streams of one file. `video` is None without a video stream; cover art is not one."""

    container: str
    duration_s: float
    video: VideoStream | None
    audio_streams: tuple[AudioStream, ...]
    audio_index: int  # position in `audio_streams` of the one that is used; -1 without audio
    video_streams: tuple[ListedVideo, ...] = ()
    audio_mix: ChannelMix = ALL_CHANNELS  # of the audio stream that is used

    @property
    def is_indexed(self) -> bool:
        """Whether a seek costs little; else the whole file is demuxed for it, or decoded from its begin."""
        return self.container.startswith(INDEXED_CONTAINERS)

    @property
    def used_audio(self) -> AudioStream | None:
        """The audio stream that is used; None without audio."""
        return self.audio_streams[self.audio_index] if self.audio_index >= 0 else None

    @property
    def moving_video_streams(self) -> tuple[ListedVideo, ...]:
        """The video streams that could be used: all but still images."""
        return tuple(one for one in self.video_streams if not one.is_still)

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
