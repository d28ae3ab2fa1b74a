"""What a dataset holds already: inputs that are on record are counted and left out; rows and clips are read back."""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import apache_beam as beam

from schemas.records import ClipRef, Source, SourceFacts, VideoSource
from schemas.stored.parquet import read_batches
from schemas.tables import AnyRow, ClipRow, DecisionRow, FailureRow
from transforms.beam_support import storage
from transforms.beam_support.coders import use_record_coders
from transforms.beam_support.counters import count
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.recorded.known_sources import RecordedName, known_ids, name_apart
from transforms.recorded.stored_rows import clips_of_shard, rows_of_batch, table_of_part

STAGE = "LeaveOutKnown"
use_record_coders(RecordedName)


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
        keyed = {
            "listed": named["listed"] | "ByName" >> beam.Map(_by_name).with_output_types(tuple[str, VideoSource]),
            "recorded": named["recorded"] | "ByRecord" >> beam.Map(_by_record).with_output_types(tuple[str, str]),
        }
        apart = functools.partial(_apart, self.generation)
        return keyed | beam.CoGroupByKey() | beam.FlatMapTuple(apart).with_output_types(VideoSource)


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
        keyed = {
            name: items | f"ById_{name}" >> beam.FlatMap(ids_of).with_output_types(tuple[str, Any])
            for name, items in found.items()
        }
        parts = (
            keyed
            | beam.CoGroupByKey()
            | beam.FlatMapTuple(_new_ones).with_outputs("sources", "ended", "decisions", "failures", "known")
        )
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
        keyed = {
            name: items | f"Shard_{name}" >> beam.Map(_by_shard).with_output_types(tuple[str, AnyRow])
            for name, items in rows.items()
        }
        read = _ReadClips(self.output, self.store)
        return keyed | beam.CoGroupByKey() | beam.FlatMapTuple(read).with_output_types(ClipRef)


class PlacedClips(NamedTuple):
    """The clips of sources that were done again."""

    clips: beam.PCollection[ClipRef]  # that are in no shard yet
    rows: beam.PCollection[ClipRow]  # of the others, which stay where they are


@dataclass
class KeepPlaces(beam.PTransform):
    """Leave stored clips where they are, from {"clips": ClipRef, "stored": ClipRow}."""

    def expand(self, found: dict[str, beam.PCollection[Any]]) -> PlacedClips:
        """Build the stage."""
        keyed = {
            name: items | f"Key_{name}" >> beam.Map(_by_key).with_output_types(tuple[str, ClipRef | ClipRow])
            for name, items in found.items()
        }
        parts = keyed | beam.CoGroupByKey() | beam.FlatMapTuple(_placed).with_outputs("rows", main="clips")
        return PlacedClips(parts.clips, parts.rows)


@dataclass
class CountAttempts(beam.PTransform):
    """Add the attempts of stored failures to those of the same work, from {"failures", "stored"}: FailureRow."""

    def expand(self, found: dict[str, beam.PCollection[FailureRow]]) -> beam.PCollection[FailureRow]:
        """Build the stage."""
        keyed = {
            name: items | f"Work_{name}" >> beam.Map(_by_work).with_output_types(tuple[str, FailureRow])
            for name, items in found.items()
        }
        return keyed | beam.CoGroupByKey() | beam.FlatMapTuple(_counted).with_output_types(FailureRow)


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

    def __call__(self, shard: str, rows: dict[str, Iterable[Any]]) -> Iterator[ClipRef]:
        self._store.use()
        uri = storage.join(self._output, shard)
        for row in rows["shards"]:
            with storage.reading(uri) as stream:
                yield from clips_of_shard(row, rows["clips"], uri, stream)


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


def _placed(_key: str, found: dict[str, Iterable[Any]]) -> Iterator[Any]:
    """The stored row, also where the clip was not made again: the commit finds that."""
    stored = list(found["stored"])
    yield from (beam.pvalue.TaggedOutput("rows", row) for row in stored)
    if not stored:
        yield from found["clips"]


def _by_work(row: Any) -> tuple[str, Any]:
    return f"{row.source_id} {row.window_index} {row.stage}", row


def _counted(_work: str, found: dict[str, Iterable[FailureRow]]) -> Iterator[FailureRow]:
    before = max((row.attempts for row in found["stored"]), default=0)
    for row in found["failures"]:
        yield replace(row, attempts=row.attempts + before)


def _by_shard(row: Any) -> tuple[str, Any]:
    return row.shard, row


def _by_name(source: VideoSource) -> tuple[str, VideoSource]:
    return source.stored_name, source


def _by_record(recorded: RecordedName) -> tuple[str, str]:
    return recorded.name, recorded.source_id


def _apart(generation: int, _name: str, named: dict[str, Iterable[Any]]) -> Iterator[VideoSource]:
    is_on_record = any(True for _ in named["recorded"])
    for source in named["listed"]:
        yield name_apart(source, is_on_record, generation)


def _ids_of(generation: int, one: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(one, RecordedName):
        yield from ((source_id, one) for source_id in known_ids(one, generation))
    else:
        yield one.source.source_id if isinstance(one, SourceFacts) else one.source_id, one


def _new_ones(source_id: str, found: dict[str, Iterable[Any]]) -> Iterator[Any]:
    if any(True for _ in found["recorded"]):
        names = [one.stored_names for one in found["sources"]]
        names += [one.source.stored_names for one in found["ended"]]
        count(STAGE, "known", sum(map(len, names)))
        yield beam.pvalue.TaggedOutput("known", sum(map(len, names)))
        return
    for kind in ("sources", "ended", "decisions", "failures"):
        for one in found[kind]:
            yield beam.pvalue.TaggedOutput(kind, one)
