"""What differs between two datasets: sources, clips and decisions by DuckDB, and what made them by their records."""

import json
import tempfile
from pathlib import Path
from typing import Any

from schemas.arrow_tables import arrow_schema
from schemas.clip_parts import PLACE_COLUMNS
from schemas.stored.manifests import Manifests, rows_of, stored_manifests
from schemas.stored.record import dataset_record

_IDS = {"sources": "source_id", "clips": "key"}
_SHOWN = {"sources": "uris[1]", "clips": "source_uri"}
_TABLES = (*_IDS, "decisions")
_VERSIONS = ("packages", "python", "platform", "cpu")


def compare_datasets(first: str, second: str, runs: tuple[dict[str, Any], dict[str, Any]], limit: int) -> dict:
    """Differences from the first dataset to the second; of each kind their number, and `limit` of them by id.

    runs: the records of the runs that made them. UsageError: one of them is no dataset.
    """
    for dataset in (first, second):
        dataset_record(dataset)
    with stored_manifests(first, _TABLES) as manifests, tempfile.TemporaryDirectory(prefix="talkshard-diff-") as folder:
        with stored_manifests(second, _TABLES) as others:
            _lay_beside(manifests, others, Path(folder))
        return {
            "first": first,
            "second": second,
            "settings": _changes(runs, ("recipe",)),
            "models": _changes(runs, ("models",)),
            "versions": _changes(runs, _VERSIONS),
            "rules": _rules(manifests),
            **{table: _rows(manifests, table, limit) for table in _IDS},
        }


def _lay_beside(manifests: Manifests, others: Manifests, folder: Path) -> None:
    """Make the tables of another dataset views of this database, called `second_TABLE`."""
    for table in _TABLES:
        copy = str(folder / f"{table}.parquet")
        others.execute(f"COPY (FROM {table}) TO '{copy}' (FORMAT parquet)")
        manifests.read_parquet(copy).create_view(f"second_{table}")


def _changes(runs: tuple[dict[str, Any], dict[str, Any]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Values of the records that differ, by dotted name; None where one record has none."""
    left, right = ({line for name in names for line in _leaves(name, run.get(name))} for run in runs)
    known = [dict(lines) for lines in (left, right)]
    return [
        {
            "name": name.partition(".")[2] or name,
            **dict(zip(("first", "second"), map(_value(name), known), strict=True)),
        }
        for name in sorted({name for name, _ in left ^ right})
    ]


def _value(name: str) -> Any:
    return lambda lines: json.loads(lines[name]) if name in lines else None


def _leaves(name: str, value: Any) -> list[tuple[str, str]]:
    """(dotted name, value as JSON) of everything in a nested record."""
    if isinstance(value, dict):
        return [leaf for inner, one in value.items() for leaf in _leaves(f"{name}.{inner}", one)]
    return [] if value is None else [(name, json.dumps(value, sort_keys=True))]


def _rules(manifests: Manifests) -> list[dict[str, Any]]:
    """Rules that dropped or kept other numbers of subjects."""
    counts = """
        SELECT stage, subject_kind, rule, count(*) FILTER (WHERE kept) AS kept,
               count(*) FILTER (WHERE NOT kept) AS dropped
    """
    return rows_of(
        manifests,
        f"""
        WITH first AS ({counts} FROM decisions GROUP BY ALL), second AS ({counts} FROM second_decisions GROUP BY ALL)
        SELECT stage, subject_kind, rule,
               coalesce(first.kept, 0) AS first_kept, coalesce(second.kept, 0) AS second_kept,
               coalesce(first.dropped, 0) AS first_dropped, coalesce(second.dropped, 0) AS second_dropped
        FROM first FULL JOIN second USING (stage, subject_kind, rule)
        WHERE (first_kept, first_dropped) <> (second_kept, second_dropped) ORDER BY ALL
        """,
    )


def _rows(manifests: Manifests, table: str, limit: int) -> dict[str, Any]:
    """Rows that came, went and changed, with the columns in which they changed."""
    row_id, left_out = _IDS[table], {_IDS[table], *PLACE_COLUMNS}
    columns = [name for name in arrow_schema(table).names if name not in left_out]
    differ = ", ".join(f"""CASE WHEN a."{name}" IS DISTINCT FROM b."{name}" THEN '{name}' END""" for name in columns)
    shown = _SHOWN[table]
    ways = {
        "came": f"SELECT {row_id} AS id, {shown} AS source FROM second_{table} ANTI JOIN {table} USING ({row_id})",
        "went": f"SELECT {row_id} AS id, {shown} AS source FROM {table} ANTI JOIN second_{table} USING ({row_id})",
        "changed": f"""
            SELECT b.{row_id} AS id, b.{shown} AS source,
                   list_filter([{differ}], lambda one: one IS NOT NULL) AS columns
            FROM {table} a JOIN second_{table} b USING ({row_id}) WHERE len(columns) > 0
        """,
    }
    found: dict[str, Any] = {}
    for way, query in ways.items():
        [counted] = rows_of(manifests, f"SELECT count(*) AS count FROM ({query})")
        found[way] = counted | {"examples": rows_of(manifests, f"FROM ({query}) ORDER BY source, id LIMIT {limit}")}
    by_column = (
        f"SELECT column_name, count(*) AS count FROM (SELECT unnest(columns) AS column_name FROM ({ways['changed']}))"
    )
    rows = rows_of(manifests, f"{by_column} GROUP BY ALL ORDER BY count DESC, column_name")
    found["changed"]["columns"] = {row["column_name"]: row["count"] for row in rows}
    return found
