"""HashSource, which finds the sources behind the input names."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import apache_beam as beam

from schemas.codec import decode_record, encode_record
from schemas.errors import UnreadableSource
from schemas.records import Source, SourceFacts, VideoSource
from schemas.tables import DecisionRow, FailureRow
from transforms.beam_support import storage
from transforms.beam_support.child_process import ChildDied, ChildProcess
from transforms.beam_support.coders import use_record_coders, with_kinds
from transforms.beam_support.counters import count
from transforms.beam_support.failure_rows import STOPS_THE_RUN, Place, failure_row
from transforms.beam_support.guard import BugFound
from transforms.beam_support.progress_marks import ProgressMark, leave_mark
from transforms.beam_support.results import StageResults
from transforms.beam_support.source_cache import release
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions, used_options
from transforms.beam_support.takedown_parts import NO_TAKEDOWNS, TakedownParts
from transforms.beam_support.unchanged import hash_unchanged
from transforms.media.regular_file import why_not_regular
from transforms.media.source_names import named_text, unread_id
from transforms.sources.config import RightsConfig
from transforms.sources.demuxed import why_no_video_in, why_no_video_of
from transforms.sources.first_bytes import HEAD_BYTES, why_no_video
from transforms.sources.merge import (
    ANY_RIGHTS,
    STAGE,
    HashedName,
    MergedSource,
    ended_facts,
    left_out,
    merge_names,
    unread_and_refused,
    unread_source,
)

use_record_coders(HashedName, MergedSource)
_LOOK_S = 6.0  # CPU time for a child process to say what one file is


class HashSourceOutputs(NamedTuple):
    """The outputs of HashSource."""

    sources: beam.PCollection[Source]
    ended: beam.PCollection[SourceFacts]  # sources that end here: no media, unreadable, or their names disagree
    decisions: beam.PCollection[DecisionRow]
    failures: beam.PCollection[FailureRow]


@dataclass
class HashSource(beam.PTransform):
    """Hash the content of every name; names of the same content become one source."""

    results: StageResults  # hashes, by the file and its version
    staging: str
    fail_fast: bool = False
    store: StoreOptions = DEFAULT_STORE
    rights: RightsConfig = ANY_RIGHTS
    taken: TakedownParts = NO_TAKEDOWNS  # lists of what is refused

    def expand(self, names: beam.PCollection[VideoSource]) -> HashSourceOutputs:
        """Build the stage."""
        work = _Hash(self.results, self.staging, self.fail_fast, self.store, self.taken)
        rows = {"ended": SourceFacts, "decisions": DecisionRow}
        hash_names = beam.ParDo(work).with_outputs("ended", "decisions", "failures", main="hashed")
        hashed = with_kinds(names | "Hash" >> hash_names, hashed=HashedName, failures=FailureRow, **rows)
        sources = (
            hashed.hashed
            | "ByContent" >> beam.Map(_by_content).with_output_types(tuple[str, HashedName])
            | beam.GroupByKey()
            | "Merge" >> beam.MapTuple(_Merge(self.rights, self.taken)).with_output_types(MergedSource)
        )
        part = beam.ParDo(_Part(self.staging, self.store)).with_outputs("ended", "decisions", main="sources")
        merged = with_kinds(sources | "Part" >> part, sources=Source, **rows)
        ended = (hashed.ended, merged.ended) | beam.Flatten()
        decisions = (hashed.decisions, merged.decisions) | "Decisions" >> beam.Flatten()
        return HashSourceOutputs(merged.sources, ended, decisions, hashed.failures)


class _Hash(beam.DoFn):
    """Hashes in the worker, which decodes nothing. Where FFmpeg must say what a file is, a child process asks it."""

    def __init__(self, results: StageResults, staging: str, fail_fast: bool, store: StoreOptions, taken: TakedownParts):
        self._results, self._staging, self._fail_fast, self._store = results, staging, fail_fast, store
        self._taken = taken

    def setup(self) -> None:
        self._store.use()
        self._child = ChildProcess(_LOOK_S, wait_s=self._store.patience_s)

    def process(self, name: VideoSource) -> Iterator[Any]:
        count(STAGE, "in")
        try:
            if reason := _why_left_out(name, self._child):
                merged = unread_and_refused(name, self._taken.load()) or left_out(name, _named(reason, name))
                yield from _ended(merged, self._staging)
                return
            hashed = hash_name(name, self._results)
        except STOPS_THE_RUN:
            raise
        except Exception as error:
            yield from self._failed(name, error)
        else:
            yield hashed
        finally:
            release()

    def teardown(self) -> None:
        self._child.close()

    def _failed(self, name: VideoSource, error: Exception) -> Iterator[beam.pvalue.TaggedOutput]:
        if merged := unread_and_refused(name, self._taken.load()):
            yield from _ended(merged, self._staging)
            return
        row = failure_row(error, STAGE, Place(unread_id(name.stored_name), name.stored_name, read_from=name.uri))
        count(STAGE, f"failed_{row.kind}")
        if self._fail_fast and row.kind == "bug":
            raise BugFound(row.message)
        leave_mark(self._staging, ProgressMark(stage=STAGE, source_id=row.source_id, failed=1))
        yield beam.pvalue.TaggedOutput("failures", row)
        yield beam.pvalue.TaggedOutput("ended", ended_facts(unread_source(name)))


def hash_name(name: VideoSource, results: StageResults) -> HashedName:
    """The name with the hash of its file, which is read unless it was at this version before.

    Where a store says no more of a version than its size, it may be another file.
    """
    known = storage.version_of(name.uri)
    stored = results.load(results.key(name.uri, known)) if known.partition(" ")[2] else None
    if stored is not None:
        return replace(decode_record(stored, HashedName), name=name)
    sha256, size_bytes, version = hash_unchanged(name.uri)
    hashed = HashedName(name=name, content_sha256=sha256, size_bytes=size_bytes, version=version)
    results.save(results.key(name.uri, version), encode_record(replace(hashed, name=VideoSource(uri="-"))))
    return hashed


class _Merge:
    def __init__(self, rights: RightsConfig, taken: TakedownParts):
        self._rights, self._taken = rights, taken

    def __call__(self, content_sha256: str, hashed: Iterable[HashedName]) -> MergedSource:
        return merge_names(list(hashed), self._rights, self._taken.load())


class _Part(beam.DoFn):
    def __init__(self, staging: str, store: StoreOptions):
        self._staging, self._store = staging, store

    def setup(self) -> None:
        self._store.use()

    def process(self, merged: MergedSource) -> Iterator[Any]:
        if not merged.decision.kept:
            yield from _ended(merged, self._staging)
            return
        for row in merged.decisions:
            yield beam.pvalue.TaggedOutput("decisions", row)
        count(STAGE, "out")
        yield merged.source


def _ended(merged: MergedSource, staging: str) -> Iterator[beam.pvalue.TaggedOutput]:
    """The rows of a source that a rule dropped here."""
    count(STAGE, f"dropped_{merged.decision.rule}")
    leave_mark(staging, ProgressMark(stage=STAGE, source_id=merged.source.source_id, dropped=1))
    for row in merged.decisions:
        yield beam.pvalue.TaggedOutput("decisions", row)
    yield beam.pvalue.TaggedOutput("ended", ended_facts(merged.source))


def _named(reason: str, name: VideoSource) -> str:
    path = storage.path_of(name.uri) if storage.is_local(name.uri) else ""
    return named_text(reason, (name.uri, path), name.stored_name)


def _why_left_out(name: VideoSource, child: ChildProcess) -> str:
    """Why a name is not read, as words; "": it is. Only regular files are opened, and of junk only the first bytes."""
    is_local = storage.is_local(name.uri)
    reason = name.left_out or (why_not_regular(storage.path_of(name.uri)) if is_local else "")
    if reason or not name.content_decides:
        return reason
    try:
        found = why_no_video(storage.read_range(name.uri, 0, HEAD_BYTES))
        if found is not None:
            return found
        return (
            child.call(why_no_video_of, storage.path_of(name.uri))
            if is_local
            else child.call(_look, name.uri, used_options())
        )
    except (UnreadableSource, OSError) as error:
        return f"a file that cannot be read ({error})".encode(errors="backslashreplace").decode()
    except ChildDied as error:
        return str(error)


def _look(uri: str, store: StoreOptions) -> str:
    """Why a remote file holds no video; only what FFmpeg asks for is read."""
    store.use()
    with storage.reading(uri) as stream:
        return why_no_video_in(stream)


def _by_content(hashed: HashedName) -> tuple[str, HashedName]:
    return hashed.content_sha256, hashed
