"""Frames by presentation time through PyAV: exact in every container, and damaged frames are known as such."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import av
import cv2
import numpy as np

from schemas.media import Timeline, VideoStream
from transforms.media.colour import RgbConverter
from transforms.media.container import open_media, video_stream_at
from transforms.media.orientation import upright
from transforms.media.video_packets import (
    counts_in_decoding_order,
    decode_on_one_thread,
    packets_of,
    seeks_exactly,
    timed_frames,
)

SEEK_FROM = 12  # frames to leave out, from which on a seek costs less than to decode them
_SEEK_BACK_S = (0, 2, 10, 60)  # how far before a key frame to seek, one try after the other

_SAMPLE_PAST_KEY = 250  # frames that are decoded at most for one sample


class _OpenFile(NamedTuple):
    container: "av.container.InputContainer"
    stream: "av.VideoStream"


class PyavFrames:
    """Reads frames in ascending order; an earlier frame costs a new seek."""

    def __init__(self, path: str, video: VideoStream, timeline: Timeline) -> None:
        """Open nothing yet; video and timeline are those of the file's probe."""
        self._path, self._video, self._timeline = path, video, timeline
        self._keys = np.flatnonzero(timeline.key_frames)
        self._converter = RgbConverter(video.colour)
        self._file: _OpenFile | None = None
        self._key_sizes: dict[int | None, int] | None = None  # time of each key packet -> its size
        self._frames: Iterator[tuple[int, av.VideoFrame]] = iter(())
        self._ahead: tuple[int, av.VideoFrame] | None = None  # decoded, not yet asked for
        self._position = -1  # the source frame read last; -1: none
        self._only_counts = False  # see counts_in_decoding_order; known once the file is open
        self.num_packets = 0  # packets that were decoded: what reading has cost

    def read(self, source_frame: int) -> np.ndarray | None:
        """Upright RGB uint8 (height, width, 3) as shown, or None where the frame is missing or damaged."""
        frame = self.decoded(source_frame)
        if frame is None:
            return None
        try:
            rgb = self._converter.rgb(frame)
        except av.error.FFmpegError:
            return None  # a pixel format that FFmpeg decodes and does not convert
        return shown_frame(upright(rgb, self._video), self._video)

    def decoded(self, source_frame: int) -> "av.VideoFrame | None":
        """The frame as its decoder gives it, or None where it is missing or damaged."""
        key_frame = self.key_before(source_frame)
        if not 0 <= self._position < source_frame or self._decoded_from(key_frame) > self._position + SEEK_FROM:
            self._seek(key_frame)
        self._position = source_frame
        wanted = int(self._timeline.presentation_ticks[source_frame])
        while self._ahead is not None and self._ahead[0] < wanted:
            self._ahead = next(self._frames, None)
        if self._ahead is None or self._ahead[0] != wanted or self._ahead[1].is_corrupt:
            return None
        return self._ahead[1]

    def only_counts(self) -> bool:
        """Whether the file has no times, only an order of its packets, in which its frames are not shown."""
        if self._file is None:
            self._reopened()
        return self._only_counts

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.container.close()
            self._file = None

    def key_before(self, source_frame: int) -> int:
        """The last key frame that is not after a frame; 0 where there is none."""
        place = int(np.searchsorted(self._keys, source_frame, side="right"))
        return int(self._keys[place - 1]) if place else 0

    def _decoded_from(self, key_frame: int) -> int:
        """The source frame at which decoding begins for this key frame.

        Where times only count packets, it is the key frame before it: the frames shown right before a key frame may
        follow it in the file, have its count, and refer to images before it.
        """
        return self.key_before(key_frame - 1) if self._only_counts and key_frame else key_frame

    def _seek(self, key_frame: int) -> None:
        """Position the decoder so that it gives the key frame and all frames after it."""
        file = self._open_for_seek()
        packets = self._packets_from_key(file, int(self._timeline.presentation_ticks[self._decoded_from(key_frame)]))
        first_count = None
        if packets is None:
            file = self._reopened()
            packets = packets_of(*file)
        elif self._only_counts:
            first_count = int(self._timeline.presentation_ticks[key_frame])
        self._frames = timed_frames(*file, self._counted(packets), first_count)
        self._ahead = next(self._frames, None)

    def _counted(self, packets: Iterator["av.Packet"]) -> Iterator["av.Packet"]:
        for packet in packets:
            self.num_packets += 1
            yield packet

    def _packets_from_key(self, file: _OpenFile, key_ticks: int) -> Iterator["av.Packet"] | None:
        """Packets from a key packet at or before `key_ticks` on; None: no seek finds one, so read from the begin."""
        for back_s in _SEEK_BACK_S:
            found = self._from_seek(file, key_ticks, key_ticks - round(back_s / self._timeline.time_base))
            if found is not None:
                return found
        return None

    def _from_seek(self, file: _OpenFile, key_ticks: int, seek_ticks: int) -> Iterator["av.Packet"] | None:
        """Packets from the first key packet after a seek whose time can be trusted; None: it is past `key_ticks`."""
        if seek_ticks <= self._timeline.presentation_ticks[0]:
            return None
        try:
            file.container.seek(seek_ticks, stream=file.stream, backward=True)
        except av.error.FFmpegError:
            return None  # the file cannot seek
        packets = packets_of(*file)
        for packet in packets:
            ticks = packet.dts if self._only_counts else packet.pts
            if packet.is_keyframe and ticks is not None:
                if ticks > key_ticks:
                    return None
                if self._is_trusted(file, packet):
                    return itertools.chain((packet,), packets)
        return None

    def _is_trusted(self, file: _OpenFile, packet: "av.Packet") -> bool:
        """Whether a key packet found by a seek is the one that has this time when the file is read from its begin.

        After a seek into the middle of an MPEG program stream, times are wrong by several frames (measured).
        """
        if seeks_exactly(file.container):
            return True
        if self._key_sizes is None:
            with open_media(self._path) as container:
                stream = video_stream_at(container, self._video.index)
                self._key_sizes = {key.pts: key.size for key in packets_of(container, stream) if key.is_keyframe}
        return self._key_sizes.get(packet.pts) == packet.size

    def _open_for_seek(self) -> _OpenFile:
        """The file as it is, for a seek empties the decoder: to open an MP4 of hours takes as long as 200 images.

        AVI and files without an index are opened again, as their times depend on what was read before.
        """
        if self._file is None or self._only_counts or not seeks_exactly(self._file.container):
            return self._reopened()
        return self._file

    def _reopened(self) -> _OpenFile:
        """The file, opened at its begin."""
        self.close()
        container = open_media(self._path)
        self._file = _OpenFile(container, video_stream_at(container, self._video.index))
        decode_on_one_thread(self._file.stream)
        self._only_counts = counts_in_decoding_order(*self._file)
        return self._file


def sample_frames(path: str, video: VideoStream, timeline: Timeline, most: int) -> Iterator["av.VideoFrame"]:
    """Decoded frames, `most` at most, spread over the video; damaged ones are left out."""
    keys = np.flatnonzero(timeline.key_frames)
    spread = (np.arange(most) + 0.5) * len(timeline.presentation_ticks) / most
    places = np.searchsorted(keys, spread.astype(int), side="right") - 1
    limits = keys[places] + _SAMPLE_PAST_KEY if len(keys) else np.full(most, _SAMPLE_PAST_KEY)
    reader = PyavFrames(path, video, timeline)
    try:
        for source_frame in np.unique(np.minimum(spread.astype(int), limits)).tolist():
            frame = reader.decoded(source_frame)
            if frame is not None:
                yield frame
    finally:
        reader.close()


def shown_frame(upright_rgb: np.ndarray, video: VideoStream) -> np.ndarray:
    """An upright image with square pixels, (height, width, 3) as the probe states."""
    upright_rgb = np.ascontiguousarray(upright_rgb)
    if upright_rgb.shape[:2] == (video.height, video.width):
        return upright_rgb
    return cv2.resize(upright_rgb, (video.width, video.height), interpolation=cv2.INTER_LINEAR)
