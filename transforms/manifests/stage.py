"""The end of the graph: source rows, Parquet parts, and the commit, which checks them and publishes the dataset."""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from schemas.errors import IntegrityError, UnreadableSource
from schemas.generations import DATASET, run_record_name
from schemas.records import AlikePeople, SourceFacts, SourceSplit, WindowOutcome
from schemas.stored.manifests import Manifests, copy_part, link_part, open_manifests, row_count_problems
from schemas.tables import TABLES, AnyRow, FailureRow, SourceRow, table_name
from transforms.beam_support import storage
from transforms.beam_support.coders import use_record_coders
from transforms.beam_support.conditional import bytes_or_none, open_new, replace_unchanged
from transforms.beam_support.counters import count
from transforms.beam_support.listings import list_sizes
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.manifests.accounting import few_lines, find_problems, funnel_counts, totals
from transforms.manifests.generation import FIRST, Generation
from transforms.manifests.parts import (
    ManifestPart,
    bytes_of_row,
    manifest_part,
    num_parts,
    part_bytes,
    part_of_row,
    part_path,
)
from transforms.manifests.source_rows import failed_outcomes, source_row
from transforms.manifests.verdict import Verdict, dataset_record, judge_run, run_summary

_Ended = SourceFacts | SourceSplit | WindowOutcome | FailureRow  # what tells how a source ended
_RowOrNone = AnyRow | None
use_record_coders(ManifestPart, Verdict)
_READ_BYTES = 8 << 20  # of a part at once


@dataclass
class MakeSourceRows(beam.PTransform):
    """One row per source, from {"facts": SourceFacts, "splits": SourceSplit, "outcomes": WindowOutcome, "failures"}.

    A failed window needs no outcome: its FailureRow stands for it.
    """

    def expand(self, ended: dict[str, beam.PCollection[Any]]) -> beam.PCollection[SourceRow]:
        """Build the stage."""
        all_ended = (ended["facts"], ended["splits"], ended["outcomes"], ended["failures"]) | beam.Flatten()
        keyed = all_ended | "Key" >> beam.Map(_by_source).with_output_types(tuple[str, _Ended])
        return keyed | beam.GroupByKey() | beam.FlatMapTuple(_source_rows).with_output_types(SourceRow)


@dataclass
class WriteManifests(beam.PTransform):
    """Write the rows of every table as Parquet, also of tables without rows."""

    output: str
    store: StoreOptions = DEFAULT_STORE
    generation: int = 1

    def expand(self, rows: beam.PCollection[Any]) -> beam.PCollection[ManifestPart]:
        """Build the stage."""
        parts = (
            rows
            | "Bytes" >> beam.Map(_bytes_in_table).with_output_types(tuple[str, int])
            | beam.CombinePerKey(sum)
            | beam.combiners.ToDict()
            | "Parts" >> beam.Map(_parts_of_tables)
        )
        placed = rows | "Place" >> beam.Map(_placed, beam.pvalue.AsSingleton(parts)).with_output_types(
            tuple[tuple[str, int], _RowOrNone]
        )
        empty = rows.pipeline | "EveryTable" >> beam.Create([((name, 0), None) for name in TABLES]).with_output_types(
            tuple[tuple[str, int], _RowOrNone]
        )
        return (
            (placed, empty)
            | beam.Flatten()
            | "ByPart" >> beam.GroupByKey()
            | "Write"
            >> beam.MapTuple(_WritePart(self.output, self.store, self.generation)).with_output_types(ManifestPart)
        )


@dataclass
class CommitDataset(beam.PTransform):
    """The last step: check what was written, write the run's record, and publish with dataset.json. May run twice.

    IntegrityError: another run has published meanwhile, whose dataset stays as it is.
    """

    output: str
    num_inputs: int  # inputs that were listed for this run
    max_bugs: int
    max_failed_share: float  # of sources, of windows, and of seconds of video
    run: dict[str, object]  # what run.json says about the run before its end
    store: StoreOptions = DEFAULT_STORE
    generation: Generation = FIRST

    def expand(self, written: dict[str, beam.PCollection[Any]]) -> beam.PCollection[Verdict]:
        """Build the stage, from {"parts": ManifestPart, "known": int}: numbers of inputs of content on record.

        Where people were looked for, "alike": AlikePeople.
        """
        known = beam.pvalue.AsIter(written["known"])
        alike = beam.pvalue.AsIter(written["alike"]) if "alike" in written else ()
        carried = written["parts"].pipeline | "Carried" >> beam.Create(self.generation.carried).with_output_types(
            ManifestPart
        )
        return (
            (written["parts"], carried)
            | "EveryPart" >> beam.Flatten()
            | "SpreadParts" >> beam.Reshuffle()
            | "CheckPart" >> beam.Map(_CheckPart(self.output, self.store)).with_output_types(tuple[ManifestPart, str])
            | "AllParts" >> beam.CombineGlobally(beam.combiners.ToListCombineFn())
            | "Commit" >> beam.Map(self._commit, known, alike).with_output_types(Verdict)
        )

    def _commit(
        self, checked: list[tuple[ManifestPart, str]], known: Iterable[int], alike: Iterable[AlikePeople]
    ) -> Verdict:
        self.store.use()
        also = {"known_inputs": sum(known), "alike_people": sorted({(one.first, one.second) for one in alike})}
        parts = sorted({part for part, _ in checked})
        problems = few_lines(sorted({problem for _, problem in checked if problem})) + _tables_without_part(parts)
        if problems:
            verdict = judge_run(problems, None, self.max_bugs, self.max_failed_share)
            return self._publish(verdict, run_summary(self.run | also, verdict, None, []), None)
        num_inputs = self.generation.num_inputs + self.num_inputs - sum(known)
        with open_manifests([(part.table, part.path) for part in parts], _Fetch(self.output)) as manifests:
            problems = row_count_problems(manifests, _num_rows(parts)) + find_problems(manifests, num_inputs)
            problems += few_lines(_shard_problems(self.output, manifests))
            found = totals(manifests)
            verdict = judge_run(
                problems, found, self.max_bugs, self.max_failed_share, not self.generation.may_have_no_clips
            )
            record = _json(dataset_record(parts, manifests, self.generation)) if verdict.ok else None
            funnel = funnel_counts(manifests)
        return self._publish(verdict, run_summary(self.run | also, verdict, found, funnel), record)

    def _publish(self, verdict: Verdict, summary: dict[str, object], record: bytes | None) -> Verdict:
        """Write the run's record, then dataset.json, where that is still the parent's, or this generation's own."""
        pointer = storage.join(self.output, DATASET)
        before = bytes_or_none(pointer)
        sha256 = hashlib.sha256(before).hexdigest() if before is not None else ""
        is_ours = before is not None and before == record
        if not is_ours and sha256 != self.generation.parent_sha256:
            raise self._lost()
        storage.write_once(storage.join(self.output, run_record_name(self.generation.number)), _json(summary))
        if record and not replace_unchanged(pointer, record, before):
            raise self._lost()
        return verdict

    def _lost(self) -> IntegrityError:
        return IntegrityError(
            f"another run has written generation {self.generation.number} of {self.output} meanwhile, and its dataset "
            "stays as it is: run the same command again"
        )


class _CheckPart:
    """Reads a part back, in blocks; gives it with a line that says what is wrong, or with "".

    A part is checked where it is read, so that the commit reads the columns that it asks for and no others.
    """

    def __init__(self, output: str, store: StoreOptions):
        self._output, self._store = output, store

    def __call__(self, part: ManifestPart) -> tuple[ManifestPart, str]:
        self._store.use()
        try:
            with storage.reading(storage.join(self._output, part.path)) as stream:
                digest = hashlib.sha256()
                while block := stream.read(_READ_BYTES):
                    digest.update(block)
        except UnreadableSource as error:
            return part, str(error)
        return part, "" if digest.hexdigest() == part.sha256 else f"{part.path} is not what was written there"


class _Fetch:
    """Makes a part readable at a local path."""

    def __init__(self, output: str):
        self._output = output

    def __call__(self, part: str, path: str) -> None:
        uri = storage.join(self._output, part)
        if storage.is_local(uri):
            link_part(storage.path_of(uri), path)
            return
        with storage.reading(uri) as stream:
            copy_part(stream, path)


class _WritePart:
    """Writes one part, whole or not at all; a retry writes the same bytes."""

    def __init__(self, output: str, store: StoreOptions, generation: int):
        self._output, self._store, self._generation = output, store, generation

    def __call__(self, place: tuple[str, int], rows: Iterable[Any]) -> ManifestPart:
        self._store.use()
        table, number = place
        real = [row for row in rows if row is not None]
        data = part_bytes(table, real)
        path = part_path(table, number, self._generation)
        with open_new(storage.join(self._output, path)) as stream:
            stream.write(data)
        count("WriteManifests", f"{table}_rows", len(real))
        return manifest_part(table, path, len(real), data)


def _by_source(one: _Ended) -> tuple[str, _Ended]:
    return one.source.source_id if isinstance(one, SourceFacts) else one.source_id, one


def _source_rows(source_id: str, ended: Iterable[_Ended]) -> Iterator[SourceRow]:
    """One row for each facts record; the commit finds a source that has none, or two."""
    found = list(ended)
    failures = [one for one in found if isinstance(one, FailureRow)]
    outcomes = [one for one in found if isinstance(one, WindowOutcome)] + failed_outcomes(failures)
    splits = [one for one in found if isinstance(one, SourceSplit)]
    for facts in found:
        if isinstance(facts, SourceFacts):
            yield source_row(facts, outcomes, len(failures), splits[0] if splits else None)


def _bytes_in_table(row: Any) -> tuple[str, int]:
    return table_name(row), bytes_of_row(row)


def _parts_of_tables(num_bytes: dict[str, int]) -> dict[str, int]:
    return {table: num_parts(size) for table, size in num_bytes.items()}


def _placed(row: Any, parts: dict[str, int]) -> tuple[tuple[str, int], Any]:
    table = table_name(row)
    return (table, part_of_row(row, parts[table])), row


def _json(content: dict[str, object]) -> bytes:
    """JSON text in pieces: json.dumps would hold each word of a list of all shards as an object of its own."""
    text = io.BytesIO()
    for piece in json.JSONEncoder(indent=1, sort_keys=True).iterencode(content):
        text.write(piece.encode())
    return text.getvalue()


def _tables_without_part(parts: list[ManifestPart]) -> list[str]:
    written = {part.table for part in parts}
    return [f"table {name} has no part" for name in TABLES if name not in written]


def _num_rows(parts: list[ManifestPart]) -> dict[str, int]:
    num_rows = Counter[str]()
    for part in parts:
        num_rows[part.table] += part.num_rows
    return num_rows


def _shard_problems(output: str, manifests: Manifests) -> list[str]:
    """A line for each shard that is missing or of another size; one that the listing lacks is asked for by itself."""
    listed = list_sizes(storage.join(output, "shards"))
    problems = []
    for shard, size_bytes in manifests.execute("SELECT shard, size_bytes FROM shards ORDER BY shard").fetchall():
        uri = storage.join(output, shard)
        if listed.get(uri) == size_bytes:
            continue
        try:
            found = storage.size_bytes(uri)
        except UnreadableSource as error:
            problems.append(str(error))
            continue
        if found != size_bytes:
            problems.append(f"{shard} has {found} bytes, not {size_bytes}")
    return problems
