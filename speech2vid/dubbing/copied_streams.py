"""The streams of the source that go into the output as they are: packets, neither decoded nor encoded."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction

import av

from transforms.media.container import open_media, time_base_of

_WITHOUT_COVERS = "matroska"  # FFmpeg would write cover art there as a video


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
        is_cover = bool(stream.disposition & av.stream.Disposition.attached_pic)
        if codec not in output.supported_codecs or (is_cover and output.format.name == _WITHOUT_COVERS):
            self.left_out.append(f"stream {index} ({stream.type}, {codec or 'unknown'})")
            return
        try:
            target = output.add_stream_from_template(stream)
        except (ValueError, av.error.FFmpegError):
            self.left_out.append(f"stream {index} ({stream.type}, {codec})")
            return
        target.metadata.update(stream.metadata)
        target.disposition = stream.disposition
        if stream.type == "audio":  # the new audio is the one to play
            target.disposition &= ~av.stream.Disposition.default
        self._targets[index] = target

    def start(self) -> None:
        """Begin to read, once all streams are added."""
        if self._targets:
            chosen = [self._container.streams[index] for index in self._targets]
            self._packets = with_decoding_times(self._container.demux(chosen))
            self._next = next(self._packets, None)

    def packets_until(self, time_s: Fraction | None) -> Iterator["av.Packet"]:
        """The next packets with times before `time_s` after the offset, to be muxed; None: all that are left."""
        while self._next is not None:
            packet, tick_s = self._next, time_base_of(self._container, self._next.stream)
            offset, dts = round(self._offset_s / tick_s), packet.dts or 0
            if time_s is not None and (dts - offset) * tick_s >= time_s:
                return
            packet.pts, packet.dts = None if packet.pts is None else packet.pts - offset, dts - offset
            self._next = next(self._packets, None)
            packet.stream = self._targets[packet.stream.index]
            yield packet

    def close(self) -> None:
        """Close the source."""
        self._container.close()


def with_decoding_times(packets: Iterable["av.Packet"]) -> Iterator["av.Packet"]:
    """The packets that hold data, each with a decoding time; a stream's first ones may have none in Matroska.

    They are held back until one of their stream has a time, and are put before it by their durations.
    """
    held: dict[int, list[av.Packet]] = defaultdict(list)
    for packet in packets:
        if not packet.size:
            continue
        if packet.dts is None:
            held[packet.stream.index].append(packet)
            continue
        waiting = held.pop(packet.stream.index, [])
        for back, earlier in enumerate(reversed(waiting), 1):
            earlier.dts = packet.dts - back * max(1, earlier.duration or 1)
        yield from (*waiting, packet)
    for packet in itertools.chain.from_iterable(held.values()):  # of cover art, which is one packet without a time
        packet.pts = packet.dts = packet.pts or 0
        yield packet


def _codec_name(stream: "av.stream.Stream") -> str:
    context = stream.codec_context
    if context is not None:
        return context.codec.canonical_name
    return getattr(stream, "name", "") or ""
