"""A clip's tar members, out of the bytes that its row points to."""

from collections.abc import Iterator

from schemas.clip_parts import BLOCK_BYTES, ROW_PARTS

_NAME, _SIZE = slice(0, 100), slice(124, 136)  # of a member's header


def split_members(members: memoryview, key: str) -> Iterator[tuple[str, memoryview]]:
    """Each part's name and its undecoded content, in order. ValueError: these are not this clip's members."""
    start = 0
    while start < len(members):
        header = bytes(members[start : start + BLOCK_BYTES])
        found, _, part = header[_NAME].rstrip(b"\0").partition(b".")
        size = _size(header)
        start += BLOCK_BYTES
        if found != key.encode() or start + size > len(members):
            raise ValueError(f"a member is not of {key}, or is longer than what is stored")
        yield part.decode(errors="replace"), members[start : start + size]
        start += -(-size // BLOCK_BYTES) * BLOCK_BYTES


def row_members_length(members: bytes) -> int:
    """Length of a clip's first members, which are made of its row, with their headers and what fills their blocks."""
    length = 0
    while (header := members[length : length + BLOCK_BYTES]) and _part(header) in ROW_PARTS:
        length += BLOCK_BYTES - (-_size(header) // BLOCK_BYTES) * BLOCK_BYTES
    return length


def _part(header: bytes) -> str:
    return header[_NAME].rstrip(b"\0").partition(b".")[2].decode(errors="replace")


def _size(header: bytes) -> int:
    """Bytes of a member's content."""
    return int(header[_SIZE].strip(b"\0 "), 8)
