"""What a file without a media suffix is, from its first bytes: the cheap look, before FFmpeg is asked."""

import re

HEAD_BYTES = 4096

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"\x89PNG", "a PNG image"),
    (0, b"GIF8", "a GIF image"),
    (0, b"II*\0", "a TIFF image"),
    (0, b"MM\0*", "a TIFF image"),
    (8, b"WEBP", "a WebP image"),
    (4, b"ftyphei", "an HEIF image"),
    (4, b"ftypmif1", "an HEIF image"),
    (4, b"ftypavif", "an AVIF image"),
    (8, b"WAVE", "audio only (WAV)"),
    (0, b"ID3", "audio only (MP3)"),
    (0, b"fLaC", "audio only (FLAC)"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\3\4", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ", "an xz archive"),
    (0, b"7z\xbc\xaf", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"PAR1", "a Parquet table"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"SQLite format 3", "an SQLite database"),
    (0, b"\x7fELF", "a program"),
    (0, b"\0\5\x16\7", "a resource fork of macOS"),
    (0, b"\xff\xfe", "text (UTF-16)"),
    (0, b"\xfe\xff", "text (UTF-16)"),
)
"""Offset, bytes there, and what they say; never of a container that can hold video."""

_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
_MADE_OF_TEXT = (b"YUV4MPEG2",)  # video whose first bytes may all be letters


def why_no_video(head: bytes) -> str | None:
    """Why a file that begins with `head` (HEAD_BYTES of it) holds no video, as words; None: these bytes do not tell."""
    if not head:
        return "empty"
    for offset, signature, words in _SIGNATURES:
        if head.startswith(signature, offset):
            return words
    return "text" if _is_text(head) and not head.startswith(_MADE_OF_TEXT) else None


def _is_text(head: bytes) -> bool:
    """Whether the bytes are UTF-8 without control characters; a character that is cut off at the end is no matter."""
    if _CONTROL.search(head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return len(head) == HEAD_BYTES and error.start > HEAD_BYTES - 4
    return True
