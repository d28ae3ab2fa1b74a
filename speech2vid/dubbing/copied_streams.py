"""The streams of the source that go into the output as they are: packets, neither decoded nor encoded."""

from collections.abc import Iterator
from fractions import Fraction

import av

from transforms.media.container import open_media, time_base_of


class CopiedStreams:
    """Copies streams packet by packet, as far as the output's container can hold them."""

    def __init__(self, path: str, offset_s: Fraction) -> None:
        """Open the source; offset_s: taken from every time."""
        self._container, self._offset_s = open_media(path), offset_s
        self._targets: dict[int, av.stream.Stream] = {}
        self._packets: Iterator[av.Packet] = iter(())
        self._next: av.Packet | None = None
        self.left_out: list[str] = []  # what the container cannot hold

    @property
    def num_streams(self) -> int:
        """Streams of the source."""
        return len(self._container.streams)

    def add_to(self, output: "av.container.OutputContainer", index: int) -> None:
        """Add the stream with this index in the source to an output that is not begun yet."""
        stream = self._container.streams[index]
        codec = _codec_name(stream)
        if codec not in output.supported_codecs:
            self.left_out.append(f"stream {index} ({stream.type}, {codec or 'unknown'})")
            return
        try:
            target = output.add_stream_from_template(stream)
        except (ValueError, av.error.FFmpegError):
            self.left_out.append(f"stream {index} ({stream.type}, {codec})")
            return
        target.metadata.update(stream.metadata)
        target.disposition = stream.disposition
        self._targets[index] = target

    def start(self) -> None:
        """Begin to read, once all streams are added."""
        if self._targets:
            self._packets = self._container.demux([self._container.streams[index] for index in self._targets])
            self._next = self._following()

    def packets_until(self, time_s: Fraction | None) -> Iterator["av.Packet"]:
        """The next packets with times before `time_s` after the offset, to be muxed; None: all that are left."""
        while self._next is not None:
            packet, tick_s = self._next, time_base_of(self._container, self._next.stream)
            offset, dts = round(self._offset_s / tick_s), packet.dts or 0
            if time_s is not None and (dts - offset) * tick_s >= time_s:
                return
            packet.pts, packet.dts = None if packet.pts is None else packet.pts - offset, dts - offset
            self._next = self._following()
            packet.stream = self._targets[packet.stream.index]
            yield packet

    def close(self) -> None:
        """Close the source."""
        self._container.close()

    def _following(self) -> "av.Packet | None":
        """The next packet that has a time; what ends a stream has none."""
        return next((packet for packet in self._packets if packet.dts is not None and packet.size), None)


def _codec_name(stream: "av.stream.Stream") -> str:
    context = stream.codec_context
    if context is not None:
        return context.codec.canonical_name
    return getattr(stream, "name", "") or ""
