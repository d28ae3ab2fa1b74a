"""What a dataset holds already: inputs that are on record are counted and left out; rows and clips are read back."""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import apache_beam as beam

from schemas.records import ClipRef, Source, SourceFacts, VideoSource
from schemas.stored.confined import confined_path
from schemas.stored.parquet import read_batches
from schemas.tables import AnyRow, ClipRow, DecisionRow, FailureRow, ShardRow
from transforms.beam_support import storage
from transforms.beam_support.coders import use_record_coders, with_kinds
from transforms.beam_support.counters import count
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.recorded.known_sources import EarlierFailure, RecordedName, known_ids, name_apart
from transforms.recorded.stored_rows import clips_of_shard, rows_of_batch, table_of_part

STAGE = "LeaveOutKnown"
use_record_coders(RecordedName, EarlierFailure)
_Found = Source | SourceFacts | DecisionRow | FailureRow | RecordedName
_ROWS = {"ended": SourceFacts, "decisions": DecisionRow, "failures": FailureRow}


@dataclass
class ReadRecordedNames(beam.PTransform):
    """The names of all sources that a dataset holds, from the parts of its sources table."""

    output: str
    parts: tuple[str, ...]  # paths below the dataset
    left_out: frozenset[str] = frozenset()  # sources that are done again
    store: StoreOptions = DEFAULT_STORE

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[RecordedName]:
        """Build the stage."""
        read = _ReadNames(self.output, self.left_out, self.store)
        return (
            begin
            | beam.Create(list(self.parts)).with_output_types(str)
            | beam.Reshuffle()
            | beam.FlatMap(read).with_output_types(RecordedName)
        )


@dataclass
class NameApart(beam.PTransform):
    """Give listed names that are on record a name of their own, in case their content is another now."""

    generation: int

    def expand(self, named: dict[str, beam.PCollection[Any]]) -> beam.PCollection[VideoSource]:
        """Build the stage, from {"listed": VideoSource, "recorded": RecordedName}."""
        both = (named["listed"], named["recorded"]) | "Both" >> beam.Flatten()
        keyed = both | "ByName" >> beam.Map(_by_name).with_output_types(tuple[str, VideoSource | RecordedName])
        apart = functools.partial(_apart, self.generation)
        return keyed | beam.GroupByKey() | beam.FlatMapTuple(apart).with_output_types(VideoSource)


class NewSources(NamedTuple):
    """What the dataset does not hold yet."""

    sources: beam.PCollection[Source]
    ended: beam.PCollection[SourceFacts]
    decisions: beam.PCollection[DecisionRow]
    failures: beam.PCollection[FailureRow]
    known: beam.PCollection[int]  # numbers of inputs that were left out


@dataclass
class LeaveOutKnown(beam.PTransform):
    """Leave out the sources whose content is on record, and those that were no media or unreadable then and now.

    From {"sources", "ended", "decisions", "failures"} as HashSource makes them, and "recorded": RecordedName.
    """

    generation: int

    def expand(self, found: dict[str, beam.PCollection[Any]]) -> NewSources:
        """Build the stage."""
        ids_of = functools.partial(_ids_of, self.generation)
        every = tuple(found.values()) | "Every" >> beam.Flatten()
        keyed = every | "ById" >> beam.FlatMap(ids_of).with_output_types(tuple[str, _Found])
        new_ones = beam.FlatMapTuple(_new_ones).with_outputs(*_ROWS, "known", main="sources")
        parts = with_kinds(keyed | beam.GroupByKey() | new_ones, sources=Source, **_ROWS, known=int)
        return NewSources(parts.sources, parts.ended, parts.decisions, parts.failures, parts.known)


@dataclass
class ReadRows(beam.PTransform):
    """The rows of some parts of a dataset's tables."""

    output: str
    parts: tuple[str, ...]  # paths below the dataset
    without: frozenset[str] = frozenset()  # sources whose rows are left out
    only: frozenset[str] | None = None  # sources whose rows alone are read; None: all
    store: StoreOptions = DEFAULT_STORE

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[Any]:
        """Build the stage."""
        return (
            begin
            | beam.Create(list(self.parts)).with_output_types(str)
            | beam.Reshuffle()
            | beam.FlatMap(_ReadRows(self.output, self.without, self.only, self.store)).with_output_types(AnyRow)
        )


@dataclass
class ReadClips(beam.PTransform):
    """References to the clips in a dataset's shards, from {"clips": ClipRow, "shards": ShardRow}; bytes are checked."""

    output: str
    store: StoreOptions = DEFAULT_STORE

    def expand(self, rows: dict[str, beam.PCollection[Any]]) -> beam.PCollection[ClipRef]:
        """Build the stage."""
        both = (rows["clips"], rows["shards"]) | "Both" >> beam.Flatten()
        keyed = both | "ByShard" >> beam.Map(_by_shard).with_output_types(tuple[str, ClipRow | ShardRow])
        read = _ReadClips(self.output, self.store)
        return keyed | beam.GroupByKey() | beam.FlatMapTuple(read).with_output_types(ClipRef)


class PlacedClips(NamedTuple):
    """The clips of sources that were done again."""

    clips: beam.PCollection[ClipRef]  # that are in no shard yet
    rows: beam.PCollection[ClipRow]  # of the others, which stay where they are


@dataclass
class KeepPlaces(beam.PTransform):
    """Leave stored clips where they are, from {"clips": ClipRef, "stored": ClipRow}."""

    def expand(self, found: dict[str, beam.PCollection[Any]]) -> PlacedClips:
        """Build the stage."""
        both = (found["clips"], found["stored"]) | "Both" >> beam.Flatten()
        keyed = both | "ByKey" >> beam.Map(_by_key).with_output_types(tuple[str, ClipRef | ClipRow])
        placed = beam.FlatMapTuple(_placed).with_outputs("rows", main="clips")
        parts = with_kinds(keyed | beam.GroupByKey() | placed, clips=ClipRef, rows=ClipRow)
        return PlacedClips(parts.clips, parts.rows)


@dataclass
class CountAttempts(beam.PTransform):
    """Add the attempts of stored failures to those of the same work, from {"failures", "stored"}: FailureRow."""

    def expand(self, found: dict[str, beam.PCollection[FailureRow]]) -> beam.PCollection[FailureRow]:
        """Build the stage."""
        earlier = found["stored"] | "Earlier" >> beam.Map(_earlier).with_output_types(EarlierFailure)
        both = (found["failures"], earlier) | "Both" >> beam.Flatten()
        keyed = both | "ByWork" >> beam.Map(_by_work).with_output_types(tuple[str, FailureRow | EarlierFailure])
        return keyed | beam.GroupByKey() | beam.FlatMapTuple(_counted).with_output_types(FailureRow)


class _ReadRows:
    def __init__(self, output: str, without: frozenset[str], only: frozenset[str] | None, store: StoreOptions):
        self._output, self._without, self._only, self._store = output, without, only, store

    def __call__(self, part: str) -> Iterator[Any]:
        self._store.use()
        with storage.reading(storage.join(self._output, part)) as stream:
            for batch in read_batches(stream):
                for row in rows_of_batch(table_of_part(part), batch):
                    source_id = getattr(row, "source_id", "")
                    if source_id not in self._without and (self._only is None or source_id in self._only):
                        yield row


class _ReadClips:
    def __init__(self, output: str, store: StoreOptions):
        self._output, self._store = output, store

    def __call__(self, shard: str, rows: Iterable[ClipRow | ShardRow]) -> Iterator[ClipRef]:
        self._store.use()
        uri, found = storage.join(self._output, confined_path(shard, self._output)), list(rows)
        clips = [row for row in found if isinstance(row, ClipRow)]
        for row in found:
            if isinstance(row, ShardRow):
                with storage.reading(uri) as stream:
                    yield from clips_of_shard(row, clips, uri, stream)


class _ReadNames:
    def __init__(self, output: str, left_out: frozenset[str], store: StoreOptions):
        self._output, self._left_out, self._store = output, left_out, store

    def __call__(self, part: str) -> Iterator[RecordedName]:
        self._store.use()
        with storage.reading(storage.join(self._output, part)) as stream:
            for batch in read_batches(stream, ["source_id", "uris"]):
                for row in batch.to_pylist():
                    if row["source_id"] not in self._left_out:
                        yield from (RecordedName(name=name, source_id=row["source_id"]) for name in row["uris"])


def _by_key(clip: Any) -> tuple[str, Any]:
    return clip.key, clip


def _placed(_key: str, found: Iterable[ClipRef | ClipRow]) -> Iterator[Any]:
    """The stored row, also where the clip was not made again: the commit finds that."""
    every = list(found)
    stored = [row for row in every if isinstance(row, ClipRow)]
    yield from (beam.pvalue.TaggedOutput("rows", row) for row in stored)
    if not stored:
        yield from every


def _earlier(row: Any) -> EarlierFailure:
    return EarlierFailure(
        source_id=row.source_id, window_index=row.window_index, stage=row.stage, attempts=row.attempts
    )


def _by_work(one: FailureRow | EarlierFailure) -> tuple[str, FailureRow | EarlierFailure]:
    return f"{one.source_id} {one.window_index} {one.stage}", one


def _counted(_work: str, found: Iterable[FailureRow | EarlierFailure]) -> Iterator[FailureRow]:
    every = list(found)
    before = max((one.attempts for one in every if isinstance(one, EarlierFailure)), default=0)
    for row in every:
        if isinstance(row, FailureRow):
            yield replace(row, attempts=row.attempts + before)


def _by_shard(row: Any) -> tuple[str, Any]:
    return row.shard, row


def _by_name(one: VideoSource | RecordedName) -> tuple[str, VideoSource | RecordedName]:
    return one.stored_name if isinstance(one, VideoSource) else one.name, one


def _apart(generation: int, _name: str, named: Iterable[VideoSource | RecordedName]) -> Iterator[VideoSource]:
    found = list(named)
    is_on_record = any(isinstance(one, RecordedName) for one in found)
    for one in found:
        if isinstance(one, VideoSource):
            yield name_apart(one, is_on_record, generation)


def _ids_of(generation: int, one: _Found) -> Iterator[tuple[str, _Found]]:
    if isinstance(one, RecordedName):
        yield from ((source_id, one) for source_id in known_ids(one, generation))
    else:
        yield one.source.source_id if isinstance(one, SourceFacts) else one.source_id, one


def _new_ones(_source_id: str, found: Iterable[_Found]) -> Iterator[Any]:
    every = list(found)
    if any(isinstance(one, RecordedName) for one in every):
        names = [one.stored_names for one in every if isinstance(one, Source)]
        names += [one.source.stored_names for one in every if isinstance(one, SourceFacts)]
        count(STAGE, "known", sum(map(len, names)))
        yield beam.pvalue.TaggedOutput("known", sum(map(len, names)))
        return
    for one in every:
        yield one if isinstance(one, Source) else beam.pvalue.TaggedOutput(_tag_of(one), one)


def _tag_of(row: _Found) -> str:
    return next(name for name, kind in _ROWS.items() if isinstance(row, kind))
