"""Tar members with fixed metadata: equal content gives equal bytes. A shard is its clips' members, then an end."""

import tarfile

from schemas.clip_parts import BLOCK_BYTES

RECORD_BYTES = tarfile.RECORDSIZE  # 10240


def tar_members(key: str, parts: list[tuple[str, bytes]]) -> bytes:
    """The bytes of one clip's members, named KEY.PART, in the order given; a multiple of 512 bytes.

    ValueError: the key has a dot, at which WebDataset would split it, or a slash.
    """
    if "." in key or "/" in key or not key:
        raise ValueError(f"a key has no dots and no slashes, unlike {key!r}")
    blocks = []
    for part, data in parts:
        header = tarfile.TarInfo(f"{key}.{part}")  # mtime, uid and gid are 0, mode is 0644
        header.size = len(data)
        blocks += [header.tobuf(tarfile.USTAR_FORMAT), data, bytes(-len(data) % BLOCK_BYTES)]
    return b"".join(blocks)


def tar_end(length: int) -> bytes:
    """The end of a tar with `length` bytes of members: two zero blocks, then zeros up to a whole record."""
    closed = length + 2 * BLOCK_BYTES
    return bytes(2 * BLOCK_BYTES + -closed % RECORD_BYTES)
