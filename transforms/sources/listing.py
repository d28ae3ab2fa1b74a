"""The files that --input names on this machine: files, folders and globs, with any name the system allows."""

import glob
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import UsageError
from schemas.records import VideoSource
from transforms.sources.layout import fields_from_path

MEDIA_SUFFIXES = frozenset(
    (
        ".3gp",
        ".asf",
        ".avi",
        ".flv",
        ".m2ts",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".mxf",
        ".ogv",
        ".ts",
        ".vob",
        ".webm",
        ".wmv",
    )
)
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The sources that were found."""

    sources: tuple[VideoSource, ...]  # sorted by uri, each uri once
    num_skipped: int  # files in folders and globs without a media suffix


def list_local(text: str) -> tuple[list[str], int]:
    """Uris of a file, of all media files below a folder, or of a glob's matches; and how many other files were skipped.

    A file that is named is taken whatever its suffix. UsageError: nothing is there, or a folder cannot be read.
    """
    path = os.path.expanduser(text)
    if os.path.isdir(path):
        files = _below(path)
    elif os.path.lexists(path):
        return [storable_uri(path)], 0
    elif _GLOB.search(path):
        found = glob.glob(path, recursive=True)
        files = [file for one in found for file in (_below(one) if os.path.isdir(one) else [one])]
    else:
        raise UsageError(f"the input {text!r} is not there: name a file, a folder, a glob or a URL")
    media = sorted({storable_uri(file) for file in files if is_media_name(file)})
    if not media:
        known = " ".join(sorted(MEDIA_SUFFIXES))
        raise UsageError(f"no media file in {text!r} ({len(files)} other files): known are {known}")
    return media, len(files) - len(media)


def is_media_name(name: str) -> bool:
    """Whether a file name has a media suffix."""
    return os.path.splitext(name)[1].lower() in MEDIA_SUFFIXES


def storable_uri(path: str) -> str:
    """Absolute path, or a percent-encoded file:// uri if the name is not UTF-8, because tables hold UTF-8 only.

    `..` is kept: without it, a path through a symbolic link would mean another file.
    """
    absolute = Path.cwd() / path
    return str(absolute) if is_utf8(str(absolute)) else absolute.as_uri()


def is_utf8(text: str) -> bool:
    """Whether text can be stored as UTF-8; undecodable bytes of file names are surrogates in Python, and cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def listing_of(uris: list[str], layout: str, num_skipped: int) -> Listing:
    """Sources with the fields that their paths give in the layout; a uri that is listed twice is taken once."""
    sources = [VideoSource(uri=uri, **fields_from_path(uri, layout)) for uri in sorted(set(uris))]
    return Listing(sources=tuple(sources), num_skipped=num_skipped)


def without_repeats(sources: list[VideoSource]) -> tuple[VideoSource, ...]:
    """Sources sorted by uri, each once. UsageError: the same uri twice, with different metadata."""
    unique = set(sources)
    repeated = [uri for uri, times in Counter(source.uri for source in unique).items() if times > 1]
    if repeated:
        raise UsageError(f"{min(repeated)!r} is listed twice with different metadata: keep one line of it")
    return tuple(sorted(unique, key=lambda source: source.uri))


def _below(folder: str) -> list[str]:
    """Every file below a folder, hidden ones too; symbolic links to folders are not followed."""

    def refuse(error: OSError) -> None:
        raise UsageError(f"cannot list {error.filename!r}: {error.strerror}") from error

    return [os.path.join(parent, name) for parent, _, names in os.walk(folder, onerror=refuse) for name in names]
