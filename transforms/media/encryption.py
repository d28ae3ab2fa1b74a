"""Whether a stream is encrypted: said by its container, by single packets, or by the headers of a transport stream."""

from functools import lru_cache

import av
import numpy as np

from schemas.errors import EncryptedMedia

_PROTECTED_TAGS = ("encv", "enca", "drmi", "drms")  # sample entries of MP4
_STREAM_KEYS = ("enc_key_id",)  # of Matroska and WebM
_FILE_KEYS = ("ASF_Protection_Type", "ASF_Key_ID")  # of Windows Media
_LOOKED_AT_BYTES = 4 << 20  # of a transport stream
_PACKET_SIZES = (188, 192, 204)
_SYNC, _NUM_SYNCS, _MIN_PACKETS = 0x47, 16, 8


def require_clear(container: "av.container.InputContainer", stream: "av.stream.Stream") -> None:
    """Raise EncryptedMedia where the container says that a stream is encrypted."""
    if is_encrypted(container, stream):
        raise encrypted_error(container, stream.index)


def is_encrypted(container: "av.container.InputContainer", stream: "av.stream.Stream") -> bool:
    """Whether the container says so. In MP4 the packets say it, see `is_encrypted_packet`."""
    return (
        _codec_tag(stream) in _PROTECTED_TAGS
        or any(key in stream.metadata for key in _STREAM_KEYS)
        or any(key in container.metadata for key in _FILE_KEYS)
        or (container.format.name == "mpegts" and stream.id in _scrambled_pids(container.name))
    )


def _codec_tag(stream: "av.stream.Stream") -> str:
    """The stream's four-character tag; "" without one, and where damage made it bytes that are no characters."""
    try:
        return stream.codec_context.codec_tag if stream.codec_context is not None else ""
    except UnicodeDecodeError:  # PyAV reads it as ASCII
        return ""


def is_encrypted_packet(packet: "av.Packet") -> bool:
    """Whether a packet needs a key."""
    return packet.has_sidedata("encryption_info")


def encrypted_error(container: "av.container.InputContainer", stream_index: int) -> EncryptedMedia:
    """The error of an encrypted stream."""
    return EncryptedMedia(
        f"{container.name!r} is encrypted (stream {stream_index}); expected a file without copy protection"
    )


@lru_cache(maxsize=4)
def _scrambled_pids(path: str) -> frozenset[int]:
    """Packet ids of a transport stream of whose packets most are scrambled, by the begin of the file."""
    with open(path, "rb") as file:
        content = np.frombuffer(file.read(_LOOKED_AT_BYTES), np.uint8)
    headers = _packet_headers(content)
    pids = (headers[:, 1].astype(int) & 0x1F) << 8 | headers[:, 2]
    is_scrambled = headers[:, 3] >> 6 > 1
    return frozenset(
        int(pid)
        for pid in np.unique(pids[is_scrambled])
        if (pids == pid).sum() >= _MIN_PACKETS and is_scrambled[pids == pid].mean() > 0.5
    )


def _packet_headers(content: np.ndarray) -> np.ndarray:
    """The first four bytes of each packet, uint8 (n, 4); none where the packets cannot be told apart."""
    for size in _PACKET_SIZES:
        for first in range(size):
            if len(content) > first + size * _NUM_SYNCS and (content[first::size][:_NUM_SYNCS] == _SYNC).all():
                count = (len(content) - first) // size
                return content[first : first + count * size].reshape(count, size)[:, :4]
    return np.zeros((0, 4), np.uint8)
