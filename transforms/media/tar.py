"""Tar members with fixed metadata: equal content is equal bytes. A shard is members one after another and an end."""

import tarfile

BLOCK_BYTES = tarfile.BLOCKSIZE  # 512
RECORD_BYTES = tarfile.RECORDSIZE  # 10240


def tar_members(key: str, parts: list[tuple[str, bytes]]) -> bytes:
    """One clip's members, KEY.PART each, in the order given; a multiple of 512 bytes.

    ValueError: a key with a dot, where WebDataset would cut it.
    """
    if "." in key or "/" in key or not key:
        raise ValueError(f"a key has no dots and no slashes, unlike {key!r}")
    pieces = []
    for part, data in parts:
        header = tarfile.TarInfo(f"{key}.{part}")  # mtime, uid and gid are 0, mode is 0644
        header.size = len(data)
        pieces += [header.tobuf(tarfile.USTAR_FORMAT), data, bytes(-len(data) % BLOCK_BYTES)]
    return b"".join(pieces)


def tar_end(length: int) -> bytes:
    """What closes a tar of `length` bytes of members: two zero blocks, and zeros up to a whole record."""
    closed = length + 2 * BLOCK_BYTES
    return bytes(2 * BLOCK_BYTES + -closed % RECORD_BYTES)
