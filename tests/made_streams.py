"""Files with several streams, channels or programmes, and encrypted ones, made with PyAV and known by construction."""

import os
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.made_media import frame_image

RATE_HZ = 16_000
CENC = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "0" * 31 + "1", "encryption_kid": "0" * 31 + "2"}
"""Options of the MP4 muxer that encrypt every stream."""

_TS_PACKET = 188
_UNSEEN_PACKETS = 2_000  # so many from its end, FFmpeg does not look at what a file holds
_MPEG_7_1_B = 127 << 16 | 8  # an order of eight channels that FFmpeg holds as a custom one
_VIDEO_TYPE, _AUDIO_TYPE = 0x1B, 0x03  # H.264 and MPEG audio, in a transport stream


def tone(num_samples: int, hertz: float = 440.0, peak: int = 6_000) -> np.ndarray:
    """A sine, int16 (n,)."""
    return (peak * np.sin(2 * np.pi * hertz / RATE_HZ * np.arange(num_samples))).astype(np.int16)


def noise(num_samples: int, seed: int = 0, level: int = 2_000) -> np.ndarray:
    """White noise, int16 (n,)."""
    return (np.random.default_rng(seed).normal(size=num_samples) * level).clip(-32_768, 32_767).astype(np.int16)


def make_streams(
    path: Path,
    *,
    videos: Sequence[tuple[int, int]] = ((160, 96),),
    audio: Sequence[np.ndarray] = (),
    layouts: Sequence[str] = (),
    num_frames: int = 50,
    moving: Sequence[bool] = (),
    audio_codec: str = "pcm_s16le",
    options: dict[str, str] | None = None,
) -> Path:
    """A file of 25 frames a second with video streams of some sizes and audio streams int16 (channels, n) at 16 kHz.

    moving: of each video, whether its image changes. options: of the muxer.
    """
    with av.open(os.fspath(path), "w", options=options or {}) as file:
        video_streams = [_video_stream(file, *size) for size in videos]
        audio_streams = [
            file.add_stream(audio_codec, rate=RATE_HZ, layout=layout)
            for _, layout in zip(audio, layouts or ["mono"] * len(audio), strict=True)
        ]
        for stream, is_moving in zip(video_streams, moving or [True] * len(videos), strict=True):
            _write_video(file, stream, num_frames, is_moving)
        for stream, channels in zip(audio_streams, audio, strict=True):
            _write_channels(file, stream, channels)
    return path


def with_custom_order(path: Path, out: Path) -> Path:
    """A MOV of eight channels, marked to hold them in an order of its own."""
    content = bytearray(path.read_bytes())
    place = content.index(b"chan") + 8
    content[place : place + 12] = struct.pack(">III", _MPEG_7_1_B, 0, 0)
    out.write_bytes(content)
    return out


def with_programmes(path: Path, out: Path, programmes: Sequence[Sequence[tuple[int, bool]]]) -> Path:
    """A transport stream with its streams spread over programmes: of each, (packet id, whether it is video)."""
    tables = [_association([0x1000 + number for number in range(len(programmes))])]
    tables += [_programme(number, streams) for number, streams in enumerate(programmes)]
    content = path.read_bytes()
    packets = [content[start : start + _TS_PACKET] for start in range(0, len(content), _TS_PACKET)]
    media = [packet for packet in packets if 0x20 < _packet_id(packet) < 0x1000 or _packet_id(packet) == 0x100]
    out.write_bytes(b"".join([*tables, *media]))
    return out


def with_late_streams(path: Path, other: Path, out: Path) -> Path:
    """A transport stream, in the middle of which streams of another one appear: all but its first."""
    content, added = path.read_bytes(), other.read_bytes()
    packets = [added[start : start + _TS_PACKET] for start in range(0, len(added), _TS_PACKET)]
    late = [packet for packet in packets if _packet_id(packet) != 0x100]
    middle = len(content) // _TS_PACKET // 2 * _TS_PACKET
    empty = struct.pack(">BHB", 0x47, 0x1FFF, 0x10).ljust(_TS_PACKET, b"\xff")
    out.write_bytes(content[:middle] + b"".join(late) + _UNSEEN_PACKETS * empty + content[middle:])
    return out


def scrambled(path: Path, out: Path, packet_ids: Sequence[int]) -> Path:
    """A transport stream with the packets of some ids scrambled."""
    content = bytearray(path.read_bytes())
    random = np.random.default_rng(0)
    for start in range(0, len(content), _TS_PACKET):
        packet = content[start : start + _TS_PACKET]
        if _packet_id(packet) in packet_ids:
            packet[3] |= 0x80
            first = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
            packet[first:] = random.bytes(_TS_PACKET - first)
            content[start : start + _TS_PACKET] = packet
    out.write_bytes(content)
    return out


def _video_stream(file: "av.container.OutputContainer", width: int, height: int) -> "av.VideoStream":
    stream = file.add_stream("libx264", rate=25, options={"g": "10", "bf": "0"})
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    return stream


def _write_video(
    file: "av.container.OutputContainer", stream: "av.VideoStream", num_frames: int, is_moving: bool
) -> None:
    for number in range(num_frames):
        image = frame_image(number if is_moving else 0, stream.width, stream.height)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, 25)
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))


def _write_channels(file: "av.container.OutputContainer", stream: "av.AudioStream", channels: np.ndarray) -> None:
    channels = np.atleast_2d(channels)
    for start in range(0, channels.shape[1], 1024):
        block = np.ascontiguousarray(channels[:, start : start + 1024].T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout=stream.layout.name)
        frame.sample_rate, frame.time_base, frame.pts = RATE_HZ, Fraction(1, RATE_HZ), start
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))


def _packet_id(packet: bytes) -> int:
    return (packet[1] & 0x1F) << 8 | packet[2]


def _association(programme_ids: Sequence[int]) -> bytes:
    body = b"".join(struct.pack(">HH", number + 1, 0xE000 | one) for number, one in enumerate(programme_ids))
    return _table(0, 0x00, 1, body)


def _programme(number: int, streams: Sequence[tuple[int, bool]]) -> bytes:
    body = struct.pack(">HH", 0xE000 | streams[0][0], 0xF000)
    for packet_id, is_video in streams:
        body += struct.pack(">BHH", _VIDEO_TYPE if is_video else _AUDIO_TYPE, 0xE000 | packet_id, 0xF000)
    return _table(0x1000 + number, 0x02, number + 1, body)


def _table(packet_id: int, table_id: int, number: int, body: bytes) -> bytes:
    """One transport packet with a table of programme information."""
    section = struct.pack(">BHHBBB", table_id, 0xB000 | len(body) + 9, number, 0xC1, 0, 0) + body
    section += struct.pack(">I", _crc32(section))
    packet = struct.pack(">BHBB", 0x47, 0x4000 | packet_id, 0x10, 0) + section
    return packet.ljust(_TS_PACKET, b"\xff")


def _crc32(content: bytes) -> int:
    """The checksum of MPEG tables."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte << 24
        for _ in range(8):
            crc = crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)
        crc &= 0xFFFFFFFF
    return crc
