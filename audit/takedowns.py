"""How often something was taken out of a dataset on request."""

from typing import Any

from schemas.stored.manifests import Manifests, rows_of

_TABLE = "takedowns"


def takedown_lines(manifests: Manifests) -> list[dict[str, Any]]:
    """What was taken out, by kind, with its clips and the last time; empty where nothing was."""
    tables = "SELECT count(*) FROM duckdb_columns() WHERE table_name = $1"
    if not manifests.execute(tables, [_TABLE]).fetchall()[0][0]:
        return []
    return rows_of(
        manifests,
        f"""
        SELECT kind, count(*) AS number, coalesce(sum(num_clips), 0)::BIGINT AS num_clips,
               coalesce(sum(clip_s), 0) AS clip_s, max(taken_at) AS last_at
        FROM {_TABLE} GROUP BY kind ORDER BY kind
        """,
    )
