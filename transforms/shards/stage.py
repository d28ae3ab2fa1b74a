"""WriteShards: write referenced clips into tar files, the same bytes for any order of arrival."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam

from schemas.errors import IntegrityError, UnreadableSource
from schemas.records import ClipRef
from schemas.tables import ClipRow, ShardRow
from transforms.beam_support import storage
from transforms.beam_support.coders import use_record_coders, with_kinds
from transforms.beam_support.conditional import open_new
from transforms.beam_support.counters import count
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.shards.assign_shards import ShardRanges, assign_shards, bin_of_key, shard_of_key, shard_path
from transforms.shards.config import ShardsConfig
from transforms.shards.write_shard import WrittenShard, only_one, row_members, write_shard

STAGE = "WriteShards"
use_record_coders(WrittenShard, ShardRanges)


class WriteShardsOutputs(NamedTuple):
    """The outputs of WriteShards."""

    clip_rows: beam.PCollection[ClipRow]
    shard_rows: beam.PCollection[ShardRow]


@dataclass
class WriteShards(beam.PTransform):
    """Write all clips into shards of about shards.target_mb each, below OUTPUT/shards."""

    output: str
    config: ShardsConfig
    store: StoreOptions = DEFAULT_STORE
    generation: int = 1

    def expand(self, clips: beam.PCollection[ClipRef]) -> WriteShardsOutputs:
        """Build the stage."""
        unique = (
            clips
            | "ByKey" >> beam.Map(_by_key).with_output_types(tuple[str, ClipRef])
            | "GroupKeys" >> beam.GroupByKey()
            | "OnlyOne" >> beam.MapTuple(only_one).with_output_types(ClipRef)
        )
        ranges = (
            unique
            | "BytesInBin" >> beam.Map(_bytes_in_bin).with_output_types(tuple[tuple[str, int], int])
            | beam.CombinePerKey(sum)
            | beam.combiners.ToDict()
            | "Assign"
            >> beam.FlatMap(_assigned, self.config.target_mb * 1_000_000).with_output_types(tuple[str, ShardRanges])
        )
        written = (
            unique
            | "ByShard"
            >> beam.Map(_by_shard, beam.pvalue.AsDict(ranges)).with_output_types(tuple[tuple[str, int], ClipRef])
            | "GroupShards" >> beam.GroupByKey()
            | "Write" >> beam.MapTuple(_Write(self.output, self.store, self.generation)).with_output_types(WrittenShard)
        )
        part = beam.ParDo(_Part()).with_outputs("shards", main="clips")
        parts = with_kinds(written | "Part" >> part, clips=ClipRow, shards=ShardRow)
        return WriteShardsOutputs(parts.clips, parts.shards)


class _Write:
    """Writes one shard, whole or not at all; a retry writes the same bytes."""

    def __init__(self, output: str, store: StoreOptions, generation: int):
        self._output, self._store, self._generation = output, store, generation

    def __call__(self, place: tuple[str, int], refs: Iterable[ClipRef]) -> WrittenShard:
        self._store.use()
        split, number = place
        shard = shard_path(split, number, self._generation)
        try:
            with open_new(storage.join(self._output, shard)) as stream:
                return write_shard(shard, split, refs, storage.read_range, stream)
        except UnreadableSource as error:
            raise IntegrityError(f"a finished clip is missing in staging: {error}") from error


class _Part(beam.DoFn):
    def process(self, written: WrittenShard) -> Iterator[Any]:
        count(STAGE, "shards")
        count(STAGE, "clips", len(written.clips))
        count(STAGE, "bytes", written.shard.size_bytes)
        yield from written.clips
        yield beam.pvalue.TaggedOutput("shards", written.shard)


def _by_key(ref: ClipRef) -> tuple[str, ClipRef]:
    return ref.key, ref


def _bytes_in_bin(ref: ClipRef) -> tuple[tuple[str, int], int]:
    return (ref.split, bin_of_key(ref.key)), len(row_members(ref.row)) + ref.length


def _assigned(bytes_in_bin: dict[tuple[str, int], int], target_bytes: float) -> Iterator[tuple[str, ShardRanges]]:
    yield from assign_shards(bytes_in_bin, target_bytes).items()


def _by_shard(ref: ClipRef, ranges: dict[str, ShardRanges]) -> tuple[tuple[str, int], ClipRef]:
    return (ref.split, shard_of_key(ref.key, ranges[ref.split])), ref
