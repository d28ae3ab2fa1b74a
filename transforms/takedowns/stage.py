"""TakeOut: what a takedown leaves of the rows of a dataset; TakeOver: what other datasets' lists add to its list."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import apache_beam as beam

from schemas.records import RemovedClip
from schemas.stored.parquet import read_batches
from schemas.tables import AnyRow, ClipRow, ShardRow, TakedownRow
from transforms.beam_support import storage
from transforms.beam_support.coders import with_kinds
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.media.takedown_list import removed_key
from transforms.takedowns.taken import CLIPS, SHARDS, Taken

_OWN = -1  # in place of a generation: the dataset has the row


class LeftRows(NamedTuple):
    """What is left."""

    rows: beam.PCollection[AnyRow]  # that stay as they are
    clips: beam.PCollection[ClipRow]  # that need another shard
    shards: beam.PCollection[ShardRow]  # that these lie in so far


@dataclass
class TakeOut(beam.PTransform):
    """Leave out what is taken, and part what has to be written again from what stays."""

    taken: Taken

    def expand(self, rows: beam.PCollection[Any]) -> LeftRows:
        """Build the stage."""
        part = beam.ParDo(_Part(self.taken)).with_outputs(CLIPS, SHARDS, main="rows")
        parts = with_kinds(rows | part, rows=AnyRow, clips=ClipRow, shards=ShardRow)
        return LeftRows(parts.rows, parts.clips, parts.shards)


class _Part(beam.DoFn):
    def __init__(self, taken: Taken):
        self._taken = taken

    def process(self, row: Any) -> Iterator[Any]:
        left = self._taken.left_of(row)
        if left is not None:
            yield beam.pvalue.TaggedOutput(*left) if left[0] else left[1]


@dataclass
class ReadRemoved(beam.PTransform):
    """The clips that were taken down, from lists."""

    parts: tuple[str, ...]  # uris
    store: StoreOptions = DEFAULT_STORE

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[RemovedClip]:
        """Build the stage."""
        return (
            begin
            | beam.Create(list(self.parts)).with_output_types(str)
            | beam.Reshuffle()
            | beam.FlatMap(_ReadRemoved(self.store)).with_output_types(RemovedClip)
        )


class _ReadRemoved:
    def __init__(self, store: StoreOptions):
        self._store = store

    def __call__(self, uri: str) -> Iterator[RemovedClip]:
        self._store.use()
        with storage.reading(uri) as stream:
            for batch in read_batches(stream, ["kind", "subject", "fingerprints"]):
                for row in batch.to_pylist():
                    for number, fingerprint in enumerate(row["fingerprints"]):
                        key = removed_key(row["kind"], row["subject"], number)
                        yield RemovedClip(key=key, fingerprint=fingerprint)


@dataclass
class TakeOver(beam.PTransform):
    """The rows of lists of other datasets, each subject once, without those that the dataset's own list has."""

    parts: tuple[str, ...]  # uris
    own_parts: tuple[str, ...]
    store: StoreOptions = DEFAULT_STORE

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[TakedownRow]:
        """Build the stage."""
        uris = [(uri, True) for uri in self.parts] + [(uri, False) for uri in self.own_parts]
        rows = (
            begin
            | beam.Create(uris).with_output_types(tuple[str, bool])
            | beam.Reshuffle()
            | "Read" >> beam.FlatMapTuple(_Read(self.store)).with_output_types(tuple[str, TakedownRow])
        )
        return rows | beam.GroupByKey() | "First" >> beam.FlatMapTuple(_first).with_output_types(TakedownRow)


class _Read:
    def __init__(self, store: StoreOptions):
        self._store = store

    def __call__(self, uri: str, is_of_other: bool) -> Iterator[tuple[str, TakedownRow]]:
        self._store.use()
        with storage.reading(uri) as stream:
            for batch in read_batches(stream):
                for values in batch.to_pylist():
                    row = TakedownRow(**values)
                    yield f"{row.kind} {row.subject}", replace(row, generation=0 if is_of_other else _OWN)


def _first(_subject: str, rows: Iterable[TakedownRow]) -> Iterator[TakedownRow]:
    every = sorted(rows, key=lambda row: (row.generation, repr(row)))
    if every[0].generation != _OWN:
        yield every[0]
