"""The files that --input names on this machine: files, folders and globs, with any name the system allows."""

import glob
import os
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
_ANY_DEPTH = "**"
_FOLDER_LINK = "a symbolic link to a folder, which is not followed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The sources that were found."""

    sources: tuple[VideoSource, ...]  # sorted by uri, each uri once


def list_local(text: str) -> list[VideoSource]:
    """A file, every file below a folder, or a glob's matches, sorted by uri.

    What no media suffix names is listed too: its content decides. A file that is named is taken whatever it is called.
    UsageError: nothing is there, or the folder cannot be listed.
    """
    path = os.path.expanduser(text)
    if os.path.isdir(path):
        found = _below(path)
        if [one.uri for one in found if one.left_out] == [storable_uri(path)]:
            raise UsageError(f"cannot list {text!r}: {found[0].left_out}")
    elif os.path.lexists(path):
        return [VideoSource(uri=storable_uri(path))]
    elif _GLOB.search(path):
        found = [one for match in _matches(path) for one in _below_match(match, _ANY_DEPTH in path)]
    else:
        raise UsageError(f"the input {text!r} is not there: name a file, a folder, a glob or a URL")
    if not found:
        raise UsageError(f"there is no file in {text!r}: name a file, a folder, a glob or a URL")
    return sorted(set(found), key=lambda one: one.uri)


def is_media_name(name: str) -> bool:
    """Whether a file name has a media suffix, and is not that of a resource fork that macOS keeps beside a file."""
    return os.path.splitext(name)[1].lower() in MEDIA_SUFFIXES and not name.startswith("._")


def storable_uri(path: str) -> str:
    """Absolute path, or a percent-encoded file:// uri if the name is not UTF-8, because tables hold UTF-8 only.

    `..` is kept: without it, a path through a symbolic link would mean another file.
    """
    absolute = Path(path) if os.path.isabs(path) else Path.cwd() / path
    return str(absolute) if is_utf8(str(absolute)) else absolute.as_uri()


def is_utf8(text: str) -> bool:
    """Whether text can be stored as UTF-8; undecodable bytes of file names are surrogates in Python, and cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def listing_of(found: list[VideoSource], layout: str) -> Listing:
    """Sources with the fields that their paths give in the layout; a uri that was found twice is taken once.

    Where it was named as well, its content does not decide. UsageError: media whose path does not have the layout.
    """
    first: dict[str, VideoSource] = {}
    for one in sorted(found, key=lambda one: (one.uri, one.content_decides, one.left_out)):
        first.setdefault(one.uri, one)
    return Listing(sources=tuple(_laid_out(one, layout) for one in first.values()))


def without_repeats(sources: list[VideoSource]) -> tuple[VideoSource, ...]:
    """Sources sorted by uri, each once. UsageError: the same uri twice, with different metadata."""
    unique = set(sources)
    repeated = [uri for uri, times in Counter(source.uri for source in unique).items() if times > 1]
    if repeated:
        raise UsageError(f"{min(repeated)!r} is listed twice with different metadata: keep one line of it")
    return tuple(sorted(unique, key=lambda source: source.uri))


def found_name(uri: str, name: str) -> VideoSource:
    """What was found in a folder or by a glob: by its name media, or its content decides."""
    return VideoSource(uri=uri, content_decides=not is_media_name(name))


def _laid_out(found: VideoSource, layout: str) -> VideoSource:
    """The source with the fields that its path gives; what no media suffix names is left out where it gives none."""
    try:
        fields: dict[str, Any] = {**fields_from_path(found.uri, layout)}
        return replace(found, **fields)
    except UsageError:
        if not found.content_decides:
            raise
        return replace(found, left_out=found.left_out or f"its path is not laid out as --layout {layout} expects")


def _file(path: str) -> VideoSource:
    return found_name(storable_uri(path), os.path.basename(path))


def _below_match(path: str, at_any_depth: bool) -> list[VideoSource]:
    """What a match of a glob names; `**` takes a link to a folder as the listing of a folder does."""
    if not os.path.isdir(path):
        return [_file(path)]
    return [_left_out(path, _FOLDER_LINK)] if at_any_depth and os.path.islink(path) else _below(path)


def _below(folder: str) -> list[VideoSource]:
    """Every file below a folder, hidden ones too; links to folders are not followed, and are listed as left out."""
    found = []

    def refuse(error: OSError) -> None:
        found.append(_left_out(error.filename, f"a folder that cannot be listed ({error.strerror})"))

    for parent, folders, names in os.walk(folder, onerror=refuse):
        links = [path for name in folders if os.path.islink(path := os.path.join(parent, name))]
        found += [_left_out(path, _FOLDER_LINK) for path in links]
        found += [_file(os.path.join(parent, name)) for name in names]
    return found


def _left_out(path: str, reason: str) -> VideoSource:
    return VideoSource(uri=storable_uri(path), content_decides=True, left_out=reason)


def _matches(pattern: str) -> list[str]:
    """The matches of a glob. `**` does not follow links to folders: a loop of them would have matches without end."""
    parts = pattern.split(os.sep)
    if _ANY_DEPTH not in parts:
        return glob.glob(pattern)
    place = parts.index(_ANY_DEPTH)
    above = os.sep.join(parts[:place]) or (os.sep if pattern.startswith(os.sep) else os.curdir)
    rest = os.sep.join(parts[place + 1 :])
    folders = [folder for root in glob.glob(above) for folder, _, _ in os.walk(root) if not _is_hidden(folder, root)]
    return [match for folder in folders for match in _matches(os.path.join(glob.escape(folder), rest or "*"))]


def _is_hidden(folder: str, root: str) -> bool:
    """Whether a part of the folder's path below the root begins with a dot, which no `*` matches."""
    return any(part.startswith(".") and part != "." for part in os.path.relpath(folder, root).split(os.sep))
