"""The end of the graph: source rows, Parquet parts, and the commit that checks them and publishes the dataset."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import pyarrow as pa

from schemas.errors import UnreadableSource
from schemas.stored.parquet import read_parquet
from schemas.tables import TABLES, SourceRow, arrow_schema, table_name
from transforms.beam_support import storage
from transforms.beam_support.counters import count
from transforms.manifests.accounting import find_problems, totals
from transforms.manifests.parts import ManifestPart, manifest_part, num_parts, part_bytes, part_of_row, part_path
from transforms.manifests.source_rows import failed_outcomes, source_row
from transforms.manifests.verdict import Verdict, dataset_record, judge_run, run_summary

_COLUMNS_CHECKED = {"tracks": ["track_id", "source_id"]}  # boxes are most of a dataset's rows: leave them on disk


@dataclass
class MakeSourceRows(beam.PTransform):
    """One row a source, from {"facts": SourceFacts, "outcomes": WindowOutcome, "failures": FailureRow} collections.

    A window that failed needs no outcome: its failure row is one.
    """

    def expand(self, ended: dict[str, beam.PCollection[Any]]) -> beam.PCollection[SourceRow]:
        keyed = {
            "facts": ended["facts"]
            | "KeyFacts" >> beam.Map(lambda facts: (facts.source.source_id, facts)).with_output_types(tuple[str, Any]),
            "outcomes": ended["outcomes"]
            | "KeyOutcomes"
            >> beam.Map(lambda outcome: (outcome.source_id, outcome)).with_output_types(tuple[str, Any]),
            "failures": ended["failures"]
            | "KeyFailures" >> beam.Map(lambda row: (row.source_id, row)).with_output_types(tuple[str, Any]),
        }
        return keyed | beam.CoGroupByKey() | beam.FlatMapTuple(_source_rows).with_output_types(SourceRow)


@dataclass
class WriteManifests(beam.PTransform):
    """Write rows of every table as Parquet; a table without rows is written too."""

    output: str

    def expand(self, rows: beam.PCollection[Any]) -> beam.PCollection[ManifestPart]:
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
            | "Write" >> beam.MapTuple(_WritePart(self.output)).with_output_types(ManifestPart)
        )


@dataclass
class CommitDataset(beam.PTransform):
    """The last step: check what was written, write run.json, and publish by dataset.json. May run twice."""

    output: str
    num_inputs: int  # names that were listed
    max_bugs: int
    max_failed_share: float  # of sources
    run: dict[str, object]  # what run.json says of the run before its end
    staging: str = ""  # deleted once the dataset is published; "": left to the launcher

    def expand(self, parts: beam.PCollection[ManifestPart]) -> beam.PCollection[Verdict]:
        return (
            parts
            | "AllParts" >> beam.CombineGlobally(beam.combiners.ToListCombineFn())
            | "Commit" >> beam.Map(self._commit).with_output_types(Verdict)
        )

    def _commit(self, written: list[ManifestPart]) -> Verdict:
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
    """Callable that writes one part, whole or not at all: a retry writes the same bytes again."""

    def __init__(self, output: str):
        self._output = output

    def __call__(self, place: tuple[str, int], rows: Iterable[Any]) -> ManifestPart:
        table, number = place
        real = [row for row in rows if row is not None]
        data = part_bytes(table, real)
        storage.write_once(storage.join(self._output, part_path(table, number)), data)
        count("WriteManifests", f"{table}_rows", len(real))
        return manifest_part(table, number, len(real), data)


def _source_rows(source_id: str, ended: dict[str, Iterable[Any]]) -> Iterator[SourceRow]:
    """As many rows as facts: none, or two, is for the commit to find."""
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
    """The parts read back, and what is wrong with them."""
    pieces: dict[str, list[pa.Table]] = {name: [] for name in TABLES}
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
        pieces[part.table].append(read_parquet(data, _COLUMNS_CHECKED.get(part.table)))
        if pieces[part.table][-1].num_rows != part.num_rows:
            problems.append(f"{part.path} has {pieces[part.table][-1].num_rows} rows, not {part.num_rows}")
    problems += [f"table {name} has no part" for name, found in pieces.items() if not found]
    tables = {name: pa.concat_tables(found or [arrow_schema(name).empty_table()]) for name, found in pieces.items()}
    return tables, problems


def _missing_shards(output: str, shards: pa.Table) -> list[str]:
    """Listed shards that are not there, or not of their size."""
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
