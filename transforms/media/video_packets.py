"""Presentation times of a video stream, from its packets; and its frames one by one, skipping damaged packets."""

import heapq
import itertools
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np

from schemas.errors import DamagedMedia, NotMedia, UnreadableSource
from schemas.media import INDEXED_CONTAINERS, Timeline
from transforms.media.container import open_media, time_base_of, video_stream_at
from transforms.media.encryption import encrypted_error, is_encrypted_packet


def probe_timeline(path: str, stream_index: int) -> Timeline:
    """Times and key frames of all shown frames. Frames are decoded only where packets lack presentation times."""
    with open_media(path) as container:
        stream = video_stream_at(container, stream_index)
        only_order = counts_in_decoding_order(container, stream)
        packets = [
            (packet.dts if only_order else packet.pts, packet.is_keyframe, packet.is_discard)
            for packet in packets_of(container, stream)
        ]
        time_base = time_base_of(container, stream)
    num_shown = sum(not is_hidden for _, _, is_hidden in packets)
    shown = [(ticks, is_key) for ticks, is_key, is_hidden in packets if not is_hidden and ticks is not None]
    if len(shown) < num_shown:
        shown = _decoded_times(path, stream_index)
    if not shown:
        raise NotMedia(
            f"{path!r} has a video stream without a single presentation time; expected a video file "
            "with times: remux a raw stream into MP4 or MKV"
        )
    _refuse_restarts(path, shown, time_base)
    ticks, first_places = np.unique(np.array([ticks for ticks, _ in shown], np.int64), return_index=True)
    return Timeline(
        presentation_ticks=ticks,
        key_frames=np.array([is_key for _, is_key in shown], bool)[first_places],
        time_base=time_base,
    )


def packets_of(container: "av.container.InputContainer", stream: "av.stream.Stream") -> Iterator["av.Packet"]:
    """Packets with content, in file order, up to the end or up to where the file is broken off."""
    try:
        for packet in container.demux(stream):
            if packet.size and is_encrypted_packet(packet):
                raise encrypted_error(container, stream.index)
            if packet.size:
                yield packet
    except OSError as error:
        raise UnreadableSource(
            f"{container.name!r} cannot be read to its end: {error.strerror}; expected a readable file"
        ) from error
    except (av.error.FFmpegError, IndexError):
        # A broken container ends here: its packets so far are used. IndexError: PyAV has handed out all packets and
        # stumbles over a stream that appeared in mid-file (PyAV 18.1).
        return


def timed_frames(
    container: "av.container.InputContainer",
    stream: "av.VideoStream",
    packets: Iterator["av.Packet"],
    first_count: int | None = None,
) -> Iterator[tuple[int, "av.VideoFrame"]]:
    """(presentation tick, frame) in presentation order; packets that do not decode are skipped.

    first_count: where packet times only count packets, that of a key packet; the frames of packets before it are left
    out. They are all shown before the others, which therefore have the counts from there on.
    """
    only_order = counts_in_decoding_order(container, stream)
    counts: list[int] = []  # of packets in decoding order whose frames are still to come
    for packet in itertools.chain(packets, (None,)):  # None: the decoder hands out the frames that it holds back
        if only_order and packet is not None and packet.dts is not None:
            if first_count is not None:
                packet.pts = packet.dts  # the decoder hands it to the frame of this packet
            if first_count is None or packet.dts >= first_count:
                heapq.heappush(counts, packet.dts)
        for frame in _decoded(stream, packet):
            if first_count is not None and frame.pts is not None and frame.pts < first_count:
                continue
            ticks = frame.dts if frame.pts is None else frame.pts
            if counts:
                ticks = heapq.heappop(counts)
            if ticks is not None:
                yield ticks, frame


def counts_in_decoding_order(container: "av.container.InputContainer", stream: "av.VideoStream") -> bool:
    """Whether packet times only count packets: AVI stores none, and those that FFmpeg makes up are a frame or two late.

    The counts are then given to the frames in the order in which these are shown, reading from the file's begin or from
    a key packet on.
    """
    codec = stream.codec_context
    reorders = codec.name in ("h264", "hevc", "mpeg1video", "mpeg2video") or (
        codec.name == "mpeg4" and codec.has_b_frames
    )
    return container.format.name == "avi" and reorders


def seeks_exactly(container: "av.container.InputContainer") -> bool:
    """Whether the container has an index, so that a seek lands on a key frame and the times after it are right."""
    return container.format.name.startswith(INDEXED_CONTAINERS)


def first_frame(path: str, stream_index: int) -> "av.VideoFrame | None":
    """The first frame that decodes, or None."""
    with open_media(path) as container:
        stream = video_stream_at(container, stream_index)
        decode_on_one_thread(stream)
        return next((frame for _, frame in timed_frames(container, stream, packets_of(container, stream))), None)


def decode_on_one_thread(stream: "av.VideoStream") -> None:
    """Decode on one thread: the images are the same everywhere, and H.264 conceals damage only then."""
    stream.codec_context.thread_count = 1


def _decoded(stream: "av.VideoStream", packet: "av.Packet | None") -> list["av.VideoFrame"]:
    try:
        return stream.codec_context.decode(packet)
    except av.error.FFmpegError:
        return []  # damaged: its frame is missing, and the reader reports it as such when it is asked for


def _decoded_times(path: str, stream_index: int) -> list[tuple[int, bool]]:
    with open_media(path) as container:
        stream = video_stream_at(container, stream_index)
        decode_on_one_thread(stream)
        return [
            (ticks, frame.key_frame) for ticks, frame in timed_frames(container, stream, packets_of(container, stream))
        ]


def _refuse_restarts(path: str, shown: list[tuple[int, bool]], time_base: Fraction) -> None:
    """Raise DamagedMedia where key frames' times run backwards."""
    keys = np.array([ticks for ticks, is_key in shown if is_key], np.int64)
    if len(keys) > 1 and np.any(np.diff(keys) < 0):
        back_s = float(-np.diff(keys).min() * time_base)
        raise DamagedMedia(
            f"{path!r} has presentation times that run back by {back_s:.3f} s between key frames; "
            "expected one ascending clock: remux it (it may be files joined end to end)"
        )
