"""An AVI as DivX wrote it: each B-frame in one packet with the frame before it, and an empty packet in its place."""

import os
from fractions import Fraction
from pathlib import Path

import av

from tests.made_media import make_plain_video

_VOP, _GROUP = b"\x00\x00\x01\xb6", b"\x00\x00\x01\xb3"
_PACKED_MARK = b"\x00\x00\x01\xb2DivX503b1234p"  # its last letter says that B-frames are packed
_EMPTY = _VOP + b"\x56\x00\x00"
_TYPE_B = 2


def make_packed_avi(path: Path, num_frames: int, key_every: int) -> Path:
    """Write a video whose frame k shows the number k, at 25 frames/s, with packed B-frames."""
    options = {"g": str(key_every), "bf": "1"}
    plain = make_plain_video(path.with_name("plain.avi"), num_frames, codec="mpeg4", options=options)
    with av.open(os.fspath(plain)) as file, av.open(os.fspath(path), "w") as out:
        packets = [packet for packet in file.demux(video=0) if packet.size]
        stream = out.add_stream_from_template(file.streams.video[0])
        for count, (content, is_key) in enumerate(_packed(packets)):
            packet = av.Packet(content)
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, 25), is_key
            packet.pts = packet.dts = count
            out.mux(packet)
    return path


def _packed(packets: list["av.Packet"]) -> list[tuple[bytes, bool]]:
    packed: list[tuple[bytes, bool]] = []
    for packet in packets:
        content = bytes(packet)
        if content[content.find(_VOP) + 4] >> 6 == _TYPE_B:
            packed[-1] = (packed[-1][0] + content, packed[-1][1])
            packed.append((_EMPTY, False))
        else:
            packed.append((_marked(content) if packet.is_keyframe else content, packet.is_keyframe))
    return packed


def _marked(content: bytes) -> bytes:
    first = min(place for place in (content.find(_GROUP), content.find(_VOP)) if place >= 0)
    return content[:first] + _PACKED_MARK + content[first:]
