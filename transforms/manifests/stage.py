"""The end of the graph: source rows, Parquet parts, and the commit, which checks them and publishes the dataset."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import pyarrow as pa

from schemas.arrow_tables import arrow_schema
from schemas.errors import UnreadableSource
from schemas.records import SourceFacts
from schemas.stored.parquet import read_parquet
from schemas.tables import TABLES, SourceRow, table_name
from transforms.beam_support import storage
from transforms.beam_support.coders import use_record_coders
from transforms.beam_support.counters import count
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.manifests.accounting import find_problems, totals
from transforms.manifests.parts import ManifestPart, manifest_part, num_parts, part_bytes, part_of_row, part_path
from transforms.manifests.source_rows import failed_outcomes, source_row
from transforms.manifests.verdict import Verdict, dataset_record, judge_run, run_summary

use_record_coders(ManifestPart, Verdict)
_COLUMNS_CHECKED = {"tracks": ["track_id", "source_id"]}  # boxes are most of a dataset's bytes: do not read them


@dataclass
class MakeSourceRows(beam.PTransform):
    """One row per source, from collections {"facts": SourceFacts, "outcomes": WindowOutcome, "failures": FailureRow}.

    A failed window needs no outcome: its failure row stands for it.
    """

    def expand(self, ended: dict[str, beam.PCollection[Any]]) -> beam.PCollection[SourceRow]:
        """Build the stage."""
        keyed = {
            "facts": ended["facts"] | "KeyFacts" >> beam.Map(_facts_by_source).with_output_types(tuple[str, Any]),
            "outcomes": ended["outcomes"] | "KeyOutcomes" >> beam.Map(_by_source).with_output_types(tuple[str, Any]),
            "failures": ended["failures"] | "KeyFailures" >> beam.Map(_by_source).with_output_types(tuple[str, Any]),
        }
        return keyed | beam.CoGroupByKey() | beam.FlatMapTuple(_source_rows).with_output_types(SourceRow)


@dataclass
class WriteManifests(beam.PTransform):
    """Write the rows of every table as Parquet, also of tables without rows."""

    output: str
    store: StoreOptions = DEFAULT_STORE

    def expand(self, rows: beam.PCollection[Any]) -> beam.PCollection[ManifestPart]:
        """Build the stage."""
        parts = (
            rows
            | "Tables" >> beam.Map(table_name).with_output_types(str)
            | beam.combiners.Count.PerElement()
            | beam.combiners.ToDict()
            | "Parts" >> beam.Map(_parts_of_tables)
        )
        placed = rows | "Place" >> beam.Map(_placed, beam.pvalue.AsSingleton(parts)).with_output_types(
            tuple[tuple[str, int], Any]
        )
        empty = rows.pipeline | "EveryTable" >> beam.Create([((name, 0), None) for name in TABLES]).with_output_types(
            tuple[tuple[str, int], Any]
        )
        return (
            (placed, empty)
            | beam.Flatten()
            | "ByPart" >> beam.GroupByKey()
            | "Write" >> beam.MapTuple(_WritePart(self.output, self.store)).with_output_types(ManifestPart)
        )


@dataclass
class CommitDataset(beam.PTransform):
    """The last step: check what was written, write run.json, and publish with dataset.json. May run twice."""

    output: str
    num_inputs: int  # inputs that were listed
    max_bugs: int
    max_failed_share: float  # of sources, of windows, and of seconds of video
    run: dict[str, object]  # what run.json says about the run before its end
    staging: str = ""  # deleted once the dataset is published; "": left to the launcher
    store: StoreOptions = DEFAULT_STORE

    def expand(self, parts: beam.PCollection[ManifestPart]) -> beam.PCollection[Verdict]:
        """Build the stage."""
        return (
            parts
            | "AllParts" >> beam.CombineGlobally(beam.combiners.ToListCombineFn())
            | "Commit" >> beam.Map(self._commit).with_output_types(Verdict)
        )

    def _commit(self, written: list[ManifestPart]) -> Verdict:
        self.store.use()
        parts = sorted(set(written))
        tables, problems = _load_tables(self.output, parts)
        found = None if problems else totals(tables)
        if found:
            problems = find_problems(tables, self.num_inputs) + _missing_shards(self.output, tables["shards"])
        verdict = judge_run(problems, found, self.max_bugs, self.max_failed_share)
        self._write_json("run.json", run_summary(self.run, verdict, found, tables))
        if verdict.ok:
            self._write_json("dataset.json", dataset_record(parts, tables))
            if self.staging:
                storage.delete_tree(self.staging)
        return verdict

    def _write_json(self, name: str, content: dict[str, object]) -> None:
        text = json.dumps(content, indent=1, sort_keys=True)
        storage.write_once(storage.join(self.output, name), text.encode())


class _WritePart:
    """Writes one part, whole or not at all; a retry writes the same bytes."""

    def __init__(self, output: str, store: StoreOptions):
        self._output, self._store = output, store

    def __call__(self, place: tuple[str, int], rows: Iterable[Any]) -> ManifestPart:
        self._store.use()
        table, number = place
        real = [row for row in rows if row is not None]
        data = part_bytes(table, real)
        storage.write_once(storage.join(self._output, part_path(table, number)), data)
        count("WriteManifests", f"{table}_rows", len(real))
        return manifest_part(table, number, len(real), data)


def _facts_by_source(facts: SourceFacts) -> tuple[str, SourceFacts]:
    return facts.source.source_id, facts


def _by_source(one: Any) -> tuple[str, Any]:
    return one.source_id, one


def _source_rows(source_id: str, ended: dict[str, Iterable[Any]]) -> Iterator[SourceRow]:
    """One row for each facts record; the commit finds a source that has none, or two."""
    failures = list(ended["failures"])
    outcomes = [*ended["outcomes"], *failed_outcomes(failures)]
    for facts in ended["facts"]:
        yield source_row(facts, outcomes, len(failures))


def _parts_of_tables(num_rows: dict[str, int]) -> dict[str, int]:
    return {table: num_parts(table, rows) for table, rows in num_rows.items()}


def _placed(row: Any, parts: dict[str, int]) -> tuple[tuple[str, int], Any]:
    table = table_name(row)
    return (table, part_of_row(row, parts[table])), row


def _load_tables(output: str, parts: list[ManifestPart]) -> tuple[dict[str, pa.Table], list[str]]:
    """Read the parts back; also gives a line for each one that is damaged."""
    read: dict[str, list[pa.Table]] = {name: [] for name in TABLES}
    problems = []
    for part in parts:
        try:
            data = storage.read_bytes(storage.join(output, part.path))
        except UnreadableSource as error:
            problems.append(str(error))
            continue
        if hashlib.sha256(data).hexdigest() != part.sha256:
            problems.append(f"{part.path} is not what was written there")
            continue
        table = read_parquet(data, _COLUMNS_CHECKED.get(part.table))
        read[part.table].append(table)
        if table.num_rows != part.num_rows:
            problems.append(f"{part.path} has {table.num_rows} rows, not {part.num_rows}")
    problems += [f"table {name} has no part" for name, found in read.items() if not found]
    tables = {name: pa.concat_tables(found or [arrow_schema(name).empty_table()]) for name, found in read.items()}
    return tables, problems


def _missing_shards(output: str, shards: pa.Table) -> list[str]:
    """A line for each listed shard that is missing or of another size."""
    problems = []
    for row in shards.to_pylist():
        try:
            size_bytes = storage.size_bytes(storage.join(output, row["shard"]))
        except UnreadableSource as error:
            problems.append(str(error))
            continue
        if size_bytes != row["size_bytes"]:
            problems.append(f"{row['shard']} has {size_bytes} bytes, not {row['size_bytes']}")
    return problems
