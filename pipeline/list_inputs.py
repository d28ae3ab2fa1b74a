"""The listing of inputs, before the graph is built: names from --input or a table, and the names that tables have."""

import os
import posixpath
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from schemas.errors import TalkshardError, UnreadableSource, UsageError
from schemas.records import VideoSource
from transforms.beam_support import storage
from transforms.media.source_names import common_root, public_uri, stored_name
from transforms.sources.listing import Listing, found_name, is_utf8, list_local, listing_of
from transforms.sources.official_lists import LAYOUT as LRS2
from transforms.sources.official_lists import with_official_splits
from transforms.sources.source_table import parse_table
from transforms.sources.split import check_given_splits
from transforms.sources.table_text import CURE, as_windows_1252

_GLOB = re.compile(r"[*?\[]")


def list_inputs(inputs: list[str], layout: str, lists: str | None = None) -> Listing:
    """The sources that --input names, local or remote. UsageError: nothing is there, or a path of another layout.

    lists: folder or URL of the official lists of LRS2; None: they lie beside main/.
    """
    found: list[VideoSource] = []
    for text in inputs:
        found += list_local(storage.path_of(text)) if storage.is_local(text) else _list_remote(text)
    listing = listing_of(found, layout)
    if layout == LRS2:
        listing = Listing(sources=with_official_splits(listing.sources, lists, storage.read_bytes))
    return _checked(listing)


def with_names(listing: Listing, inputs: list[str] | None, root: str | None = None) -> tuple[str, Listing]:
    """The root of what was listed, and the listing with the names that tables have: relative to it.

    inputs: of --input; None: a table was given, whose uris tell the root. root: of the dataset that these are added to.
    """
    found = {one.uri for one in listing.sources}
    if root is None:
        folders = (
            [posixpath.dirname(public_uri(uri)) for uri in found]
            if inputs is None
            else [_folder_of(text, found) for text in inputs]
        )
        root = common_root(folders)
    times: Counter[str] = Counter()
    named = []
    for one in listing.sources:
        name = stored_name(one.uri, root)
        times[name] += 1  # what told two urls apart may have been a secret
        named.append(replace(one, name=name if times[name] == 1 else f"{name}#{times[name]}"))
    return root, Listing(sources=tuple(named))


def _folder_of(text: str, found: set[str]) -> str:
    """The folder that an input names, or that what it names is in."""
    is_local = storage.is_local(text)
    whole = str(Path.cwd() / os.path.expanduser(storage.path_of(text))) if is_local else text.rstrip("/")
    is_there = os.path.lexists(whole) if is_local else text in found
    if (is_local and os.path.isdir(whole)) or not (is_there or _GLOB.search(whole)):
        return whole
    literal = whole if is_there else whole[: _GLOB.search(whole).start()]  # type: ignore[union-attr]
    return posixpath.dirname(public_uri(literal))


def list_table(table_uri: str) -> Listing:
    """The sources in the table of --sources. UsageError: there is no such table, or it has an error."""
    table_uri = storage.path_of(table_uri) if storage.is_local(table_uri) else table_uri
    try:
        listing = parse_table(table_uri, storage.read_given(table_uri))
    except TalkshardError as error:
        raise UsageError(str(error)) from error
    _require_right_encoding(table_uri, listing)
    return _checked(listing)


def _require_right_encoding(table_uri: str, listing: Listing) -> None:
    """UsageError where a path is no UTF-8 and not there, but is there if the table is read as Windows-1252."""
    for source in listing.sources:
        path = storage.path_of(source.uri) if storage.is_local(source.uri) else ""
        if not is_utf8(path) and not os.path.lexists(path):
            other = as_windows_1252(path)
            if os.path.lexists(other):
                raise UsageError(f"the table {table_uri!r} is not UTF-8 but Windows-1252, as {other!r} shows: {CURE}")


def _checked(listing: Listing) -> Listing:
    check_given_splits(listing.sources)
    return listing


def _list_remote(text: str) -> list[VideoSource]:
    """A file, every file below a folder, or a glob's matches, in a remote store; nothing is read."""
    try:
        if storage.exists(text):
            return [VideoSource(uri=text)]
        files = storage.list_matches(text) if any(sign in text for sign in "*?[") else storage.list_files(text)
    except UnreadableSource as error:
        raise UsageError(f"cannot list {public_uri(text)!r}: {error}") from error
    if not files:
        raise UsageError(f"there is no file in {text!r}: name a file, a folder, a glob or a URL")
    return [found_name(uri, posixpath.basename(uri)) for uri in files]
