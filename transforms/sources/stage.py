"""HashSource, which finds the sources behind the input names; and the listing of inputs before the graph is built."""

import hashlib
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from schemas.errors import TalkshardError, UsageError
from schemas.records import Source, SourceFacts, VideoSource
from schemas.tables import DecisionRow, FailureRow
from transforms.beam_support import storage
from transforms.beam_support.counters import count
from transforms.beam_support.guard import BugFound, Place, failure_row
from transforms.media.progress_marks import ProgressMark, leave_mark
from transforms.sources.listing import Listing, is_media_name, list_local, listing_of
from transforms.sources.merge import STAGE, HashedName, MergedSource, ended_facts, merge_names, unread_id, unread_source
from transforms.sources.source_table import parse_table
from transforms.sources.split import check_given_splits

_READ_BYTES = 1 << 20


class HashSourceOutputs(NamedTuple):
    """The outputs of HashSource."""

    sources: beam.PCollection[Source]
    ended: beam.PCollection[SourceFacts]  # sources that are not processed further: unreadable, or their names disagree
    decisions: beam.PCollection[DecisionRow]
    failures: beam.PCollection[FailureRow]


@dataclass
class HashSource(beam.PTransform):
    """Hash the content of every name; names of the same content become one source."""

    given: dict[str, str]  # split of each speaker or group that was given one, see split.given_splits
    staging: str
    fail_fast: bool = False

    def expand(self, names: beam.PCollection[VideoSource]) -> HashSourceOutputs:
        """Build the stage."""
        hashed = names | "Hash" >> beam.ParDo(_Hash(self.given, self.staging, self.fail_fast)).with_outputs(
            "ended", "failures", main="hashed"
        )
        merged = (
            hashed.hashed
            | "ByContent" >> beam.Map(_by_content).with_output_types(tuple[str, HashedName])
            | beam.GroupByKey()
            | "Merge" >> beam.MapTuple(_Merge(self.given)).with_output_types(MergedSource)
            | "Part" >> beam.ParDo(_Part(self.staging)).with_outputs("ended", "decisions", main="sources")
        )
        ended = (hashed.ended, merged.ended) | beam.Flatten()
        return HashSourceOutputs(merged.sources, ended, merged.decisions, hashed.failures)


class _Hash(beam.DoFn):
    """Runs without a guarding subprocess: it reads bytes and decodes nothing."""

    def __init__(self, given: dict[str, str], staging: str, fail_fast: bool):
        self._given, self._staging, self._fail_fast = given, staging, fail_fast

    def process(self, name: VideoSource) -> Iterator[Any]:
        count(STAGE, "in")
        try:
            sha256, size_bytes = hash_content(name.uri)
        except Exception as error:
            yield from self._failed(name, error)
        else:
            yield HashedName(name=name, content_sha256=sha256, size_bytes=size_bytes)

    def _failed(self, name: VideoSource, error: Exception) -> Iterator[beam.pvalue.TaggedOutput]:
        row = failure_row(error, STAGE, Place(unread_id(name.uri), name.uri))
        count(STAGE, f"failed_{row.kind}")
        if self._fail_fast and row.kind == "bug":
            raise BugFound(row.message)
        leave_mark(self._staging, ProgressMark(stage=STAGE, source_id=row.source_id, failed=1))
        yield beam.pvalue.TaggedOutput("failures", row)
        yield beam.pvalue.TaggedOutput("ended", ended_facts(unread_source(name, self._given)))


class _Merge:
    """A callable, so that the splits travel with it and not with each element."""

    def __init__(self, given: dict[str, str]):
        self._given = given

    def __call__(self, content_sha256: str, hashed: Iterable[HashedName]) -> MergedSource:
        return merge_names(list(hashed), self._given)


class _Part(beam.DoFn):
    def __init__(self, staging: str):
        self._staging = staging

    def process(self, merged: MergedSource) -> Iterator[Any]:
        yield beam.pvalue.TaggedOutput("decisions", merged.decision)
        if merged.decision.kept:
            count(STAGE, "out")
            yield merged.source
        else:
            count(STAGE, f"dropped_{merged.decision.rule}")
            leave_mark(self._staging, ProgressMark(stage=STAGE, source_id=merged.source.source_id, dropped=1))
            yield beam.pvalue.TaggedOutput("ended", ended_facts(merged.source))


def hash_content(uri: str) -> tuple[str, int]:
    """sha256 and size in bytes of a file, read in blocks. UnreadableSource: it is missing or cannot be read."""
    digest, size_bytes = hashlib.sha256(), 0
    with storage.reading(uri) as stream:
        while block := stream.read(_READ_BYTES):
            digest.update(block)
            size_bytes += len(block)
    return digest.hexdigest(), size_bytes


def list_inputs(inputs: list[str], layout: str) -> Listing:
    """The sources that --input names, local or remote. UsageError: nothing is there, or a path of another layout."""
    uris, num_skipped = [], 0
    for text in inputs:
        local = storage.is_local(text)
        found, skipped = list_local(storage.path_of(text)) if local else _list_remote(text)
        uris += found
        num_skipped += skipped
    return _checked(listing_of(uris, layout, num_skipped))


def list_table(table_uri: str) -> Listing:
    """The sources in the table of --sources. UsageError: there is no such table, or it has an error."""
    table_uri = storage.path_of(table_uri) if storage.is_local(table_uri) else table_uri
    try:
        return _checked(parse_table(table_uri, storage.read_bytes(table_uri)))
    except TalkshardError as error:
        raise UsageError(str(error)) from error


def _checked(listing: Listing) -> Listing:
    check_given_splits(listing.sources)
    return listing


def _list_remote(text: str) -> tuple[list[str], int]:
    """A file, all media files below a folder, or a glob's matches, in a remote store."""
    try:
        found = [one.path for one in FileSystems.match([text])[0].metadata_list]
        if found == [text]:
            return found, 0
        files = found if any(sign in text for sign in "*?[") else storage.list_files(text)
    except Exception as error:  # each store's client raises its own errors
        raise UsageError(f"cannot list {text!r}: {error}") from error
    media = [uri for uri in files if is_media_name(posixpath.basename(uri))]
    if not media:
        raise UsageError(f"no media file in {text!r} ({len(files)} other files)")
    return media, len(files) - len(media)


def _by_content(hashed: HashedName) -> tuple[str, HashedName]:
    return hashed.content_sha256, hashed
