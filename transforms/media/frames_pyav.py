"""Frames by presentation time through PyAV: exact in every container, and it knows which frames are damaged."""

import itertools
from collections.abc import Iterator

import av
import cv2
import numpy as np

from schemas.media import Timeline, VideoStream
from transforms.media.container import open_media
from transforms.media.video_packets import (
    counts_in_decoding_order,
    decode_on_one_thread,
    packets_of,
    seeks_exactly,
    timed_frames,
)

_SEEK_BACK_S = (0, 2, 10, 60)


class PyavFrames:
    """Reads frames in ascending order; a step back is a new seek."""

    def __init__(self, path: str, video: VideoStream, timeline: Timeline):
        self._path, self._video, self._timeline = path, video, timeline
        self._container = self._stream = None
        self._key_sizes: dict[int, int] | None = None
        self._frames: Iterator[tuple[int, av.VideoFrame]] = iter(())
        self._ahead: tuple[int, av.VideoFrame] | None = None  # decoded, not yet asked for
        self._position = -1  # the source frame read last; -1: nowhere

    def read(self, source_frame: int) -> np.ndarray | None:
        """Upright RGB uint8 (height, width, 3) as shown, or None where the frame is missing or damaged."""
        key_frame = self._key_before(source_frame)
        if not 0 <= self._position < source_frame or key_frame > self._position + 1:
            self._seek(int(self._timeline.presentation_ticks[key_frame]))
        self._position = source_frame
        wanted = int(self._timeline.presentation_ticks[source_frame])
        while self._ahead is not None and self._ahead[0] < wanted:
            self._ahead = next(self._frames, None)
        if self._ahead is None or self._ahead[0] != wanted or self._ahead[1].is_corrupt:
            return None
        rgb = self._ahead[1].to_ndarray(format="rgb24")
        return shown_frame(np.rot90(rgb, -self._video.rotation_deg // 90), self._video)

    def close(self) -> None:
        """Close the file."""
        if self._container is not None:
            self._container.close()
            self._container = self._stream = None

    def _key_before(self, source_frame: int) -> int:
        keys = np.flatnonzero(self._timeline.key_frames[: source_frame + 1])
        return int(keys[-1]) if len(keys) else 0

    def _seek(self, key_ticks: int) -> None:
        """Go to where decoding gives the key frame at `key_ticks` and all that follow it."""
        packets = self._from_begin()
        if not counts_in_decoding_order(self._container, self._stream):
            for back_s in _SEEK_BACK_S:
                found = self._from_key_at(key_ticks, key_ticks - round(back_s / self._timeline.time_base))
                if found is not None:
                    packets = found
                    break
            else:
                packets = self._from_begin()
        self._frames = timed_frames(self._container, self._stream, packets)
        self._ahead = next(self._frames, None)

    def _from_key_at(self, key_ticks: int, seek_ticks: int) -> Iterator["av.Packet"] | None:
        """Packets from a key packet whose time can be believed, at or before `key_ticks`; None: the seek found none."""
        if seek_ticks <= self._timeline.presentation_ticks[0]:
            return None
        try:
            self._container.seek(seek_ticks, stream=self._stream, backward=True)
        except av.error.FFmpegError:
            return None  # no seek table: read from the begin
        packets = packets_of(self._container, self._stream)
        for packet in packets:
            if packet.is_keyframe and packet.pts is not None:
                if packet.pts > key_ticks:
                    return None
                if self._is_believed(packet):
                    return itertools.chain((packet,), packets)
        return None

    def _is_believed(self, packet: "av.Packet") -> bool:
        """Whether a key packet found by a seek is the one that has this time when the file is read from its begin.

        After a seek into the middle of an MPEG program stream times are off by frames: measured.
        """
        if seeks_exactly(self._container):
            return True
        if self._key_sizes is None:
            with open_media(self._path) as container:
                self._key_sizes = {
                    key.pts: key.size
                    for key in packets_of(container, container.streams[self._video.index])
                    if key.is_keyframe
                }
        return self._key_sizes.get(packet.pts) == packet.size

    def _from_begin(self) -> Iterator["av.Packet"]:
        self.close()
        self._container = open_media(self._path)
        self._stream = self._container.streams[self._video.index]
        decode_on_one_thread(self._stream)
        return packets_of(self._container, self._stream)


def shown_frame(upright_rgb: np.ndarray, video: VideoStream) -> np.ndarray:
    """An upright image with square pixels: (height, width, 3) as the probe states."""
    upright_rgb = np.ascontiguousarray(upright_rgb)
    if upright_rgb.shape[:2] == (video.height, video.width):
        return upright_rgb
    return cv2.resize(upright_rgb, (video.width, video.height), interpolation=cv2.INTER_LINEAR)
