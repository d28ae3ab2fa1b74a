"""Whether everything adds up, asked of the stored tables alone: metrics count a retried element twice."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from transforms.manifests.questions import QUESTIONS

_LINES_A_QUESTION = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts over the whole dataset, from its rows."""

    num_inputs: int  # names of sources
    num_sources: int
    num_windows: int
    num_tracks: int
    num_clips: int
    num_shards: int
    num_failures: int
    num_bugs: int
    failed_sources: int  # sources that gave no clip and have a failure
    source_s: float
    clip_s: float


def find_problems(tables: Mapping[str, pa.Table], num_inputs: int | None = None) -> list[str]:
    """One line for each thing that does not add up; none when all is well.

    tables: every table of the dataset. num_inputs: names that were listed; None: not known.
    """
    database = _database(tables)
    problems = []
    for question in QUESTIONS:
        rows = database.execute(question.finds).fetchall()
        problems += [question.says.format(*row) for row in sorted(rows, key=repr)[:_LINES_A_QUESTION]]
        if len(rows) > _LINES_A_QUESTION:
            problems.append(f"and {len(rows) - _LINES_A_QUESTION} more of that kind")
    found = database.execute("SELECT coalesce(sum(len(uris)), 0) FROM sources").fetchone()[0]
    if num_inputs is not None and found != num_inputs:
        problems.append(f"{num_inputs} inputs were listed, but the source rows name {found}")
    return problems


def totals(tables: Mapping[str, pa.Table]) -> Totals:
    """Counts of everything."""
    database = _database(tables)
    inputs, sources, windows, failed, seconds = database.execute(
        "SELECT coalesce(sum(len(uris)), 0), count(*), coalesce(sum(num_windows), 0), "
        "count(*) FILTER (WHERE status = 'failed'), coalesce(sum(duration_s), 0) FROM sources"
    ).fetchone()
    clips, clip_frames = database.execute("SELECT count(*), coalesce(sum(num_frames), 0) FROM clips").fetchone()
    failures, bugs = database.execute("SELECT count(*), count(*) FILTER (WHERE kind = 'bug') FROM failures").fetchone()
    return Totals(
        num_inputs=int(inputs),
        num_sources=sources,
        num_windows=int(windows),
        num_tracks=tables["tracks"].num_rows,
        num_clips=clips,
        num_shards=tables["shards"].num_rows,
        num_failures=failures,
        num_bugs=bugs,
        failed_sources=failed,
        source_s=round(float(seconds), 3),
        clip_s=round(int(clip_frames) / 25, 3),
    )


def funnel_counts(tables: Mapping[str, pa.Table]) -> list[dict[str, object]]:
    """How many subjects each rule kept and dropped."""
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
    """Sources that gave clips, and their clips, by licence."""
    rows = (
        _database(tables)
        .execute("SELECT licence, count(DISTINCT source_id), count(*) FROM clips GROUP BY ALL ORDER BY ALL")
        .fetchall()
    )
    return [dict(zip(("licence", "num_sources", "num_clips"), row, strict=True)) for row in rows]


def _database(tables: Mapping[str, pa.Table]) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(config={"threads": 1})
    for name, table in tables.items():
        database.register(name, table)
    return database
