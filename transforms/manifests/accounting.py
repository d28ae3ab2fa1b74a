"""Counts and consistency of a dataset, from its stored tables alone: metrics count a retried element twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from schemas.clock import FRAME_RATE
from transforms.manifests.checks import CHECKS

_MAX_LINES_PER_CHECK = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts over the whole dataset."""

    num_inputs: int  # names of sources
    num_sources: int
    num_left_out: int  # of these sources: no media, by the rule `is_media`
    num_windows: int
    num_tracks: int
    num_clips: int
    num_shards: int
    num_failures: int
    num_bugs: int
    failed_sources: int  # sources without a clip and with a failure
    failed_windows: int  # windows of any source
    source_s: float
    failed_s: float  # of source_s: the failed windows, each as long as its source's windows are on average
    clip_s: float


def find_problems(tables: Mapping[str, pa.Table], num_inputs: int | None = None) -> list[str]:
    """One line for each inconsistency; none when all is well.

    tables: all tables of the dataset. num_inputs: how many inputs were listed; None: unknown.
    """
    database = _database(tables)
    problems = []
    for check in CHECKS:
        rows = database.execute(check.query).fetchall()
        problems += [check.message.format(*row) for row in sorted(rows, key=repr)[:_MAX_LINES_PER_CHECK]]
        if len(rows) > _MAX_LINES_PER_CHECK:
            problems.append(f"and {len(rows) - _MAX_LINES_PER_CHECK} more of that kind")
    (found,) = _only_row(database, "SELECT coalesce(sum(len(uris)), 0) FROM sources")
    if num_inputs is not None and found != num_inputs:
        problems.append(f"{num_inputs} inputs were listed, but the source rows name {found}")
    return problems


def totals(tables: Mapping[str, pa.Table]) -> Totals:
    """Count a dataset's rows, seconds and failures."""
    database = _database(tables)
    inputs, sources, windows, seconds = _only_row(
        database,
        "SELECT coalesce(sum(len(uris)), 0), count(*), coalesce(sum(num_windows), 0), coalesce(sum(duration_s), 0) "
        "FROM sources",
    )
    failed_sources, failed_windows, failed_s = _only_row(
        database,
        "SELECT count(*) FILTER (WHERE status = 'failed'), coalesce(sum(windows_failed), 0), "
        "coalesce(sum(duration_s * windows_failed / num_windows) FILTER (WHERE num_windows > 0), 0) FROM sources",
    )
    clips, clip_frames = _only_row(database, "SELECT count(*), coalesce(sum(num_frames), 0) FROM clips")
    (left_out,) = _only_row(database, "SELECT count(*) FROM decisions WHERE rule = 'is_media' AND NOT kept")
    failures, bugs = _only_row(database, "SELECT count(*), count(*) FILTER (WHERE kind = 'bug') FROM failures")
    return Totals(
        num_inputs=int(inputs),
        num_sources=sources,
        num_left_out=left_out,
        num_windows=int(windows),
        num_tracks=tables["tracks"].num_rows,
        num_clips=clips,
        num_shards=tables["shards"].num_rows,
        num_failures=failures,
        num_bugs=bugs,
        failed_sources=failed_sources,
        failed_windows=int(failed_windows),
        source_s=round(float(seconds), 3),
        failed_s=round(float(failed_s), 3),
        clip_s=round(int(clip_frames) / FRAME_RATE, 3),
    )


def funnel_counts(tables: Mapping[str, pa.Table]) -> list[dict[str, object]]:
    """How many subjects each rule kept and dropped, by stage and kind of subject."""
    rows = (
        _database(tables)
        .execute(
            "SELECT stage, subject_kind, rule, count(*) FILTER (WHERE kept), count(*) FILTER (WHERE NOT kept) "
            "FROM decisions GROUP BY ALL ORDER BY ALL"
        )
        .fetchall()
    )
    return [dict(zip(("stage", "subject_kind", "rule", "kept", "dropped"), row, strict=True)) for row in rows]


def licences(tables: Mapping[str, pa.Table]) -> list[dict[str, object]]:
    """Sources with clips, and their clips, counted by licence."""
    rows = (
        _database(tables)
        .execute("SELECT licence, count(DISTINCT source_id), count(*) FROM clips GROUP BY ALL ORDER BY ALL")
        .fetchall()
    )
    return [dict(zip(("licence", "num_sources", "num_clips"), row, strict=True)) for row in rows]


def _only_row(database: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The row of a query that has exactly one."""
    (row,) = database.execute(query).fetchall()
    return row


def _database(tables: Mapping[str, pa.Table]) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(config={"threads": 1})
    for name, table in tables.items():
        database.register(name, table)
    return database
