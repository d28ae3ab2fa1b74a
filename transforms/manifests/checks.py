"""Consistency checks of a dataset's tables, as SQL that finds what is wrong.

Joins, groups and sorts only, which DuckDB does out of core; what gathers values (string_agg) must stand on few rows.
"""

from typing import NamedTuple

from schemas.records import SEVERAL
from transforms.media.split_units import SOURCE


class Check(NamedTuple):
    """A query over the tables, and the line that reports one row of its result."""

    query: str  # finds problems: no rows when all is well
    message: str  # a format string; its fields are the columns of the row


_SOURCES = (
    Check(
        "SELECT uri, count(*) FROM (SELECT unnest(uris) AS uri FROM sources) GROUP BY uri HAVING count(*) > 1",
        "input {0!r} is in {1} source rows",
    ),
    Check("SELECT source_id, count(*) FROM sources GROUP BY source_id HAVING count(*) > 1", "source {0} has {1} rows"),
    Check(
        "SELECT source_id, num_windows, windows_done + windows_decided + windows_failed AS ended FROM sources "
        "WHERE ended <> num_windows",
        "source {0} was split into {1} windows, but {2} of them are done, decided or failed",
    ),
    Check(
        "SELECT source_id, windows_failed, coalesce(found, 0) FROM sources LEFT JOIN "
        "(SELECT source_id, count(DISTINCT window_index) AS found FROM failures WHERE window_index >= 0 "
        "GROUP BY ALL) USING (source_id) WHERE windows_failed <> coalesce(found, 0)",
        "source {0} counts {1} failed windows, but its failures name {2}",
    ),
    Check(
        "SELECT source_id, window_index, num_windows FROM failures JOIN sources USING (source_id) "
        "WHERE window_index >= num_windows",
        "a failure names window {1} of source {0}, which has {2}",
    ),
    Check(
        "SELECT source_id, num_clips, coalesce(found, 0) FROM sources LEFT JOIN "
        "(SELECT source_id, count(*) AS found FROM clips GROUP BY ALL) USING (source_id) "
        "WHERE num_clips <> coalesce(found, 0)",
        "the windows of source {0} have {1} clips, but {2} are stored",
    ),
    Check(
        "SELECT source_id FROM sources ANTI JOIN failures USING (source_id) WHERE status = 'failed'",
        "source {0} failed, and no failure says why",
    ),
    Check(
        "SELECT source_id FROM (SELECT source_id FROM sources WHERE status = 'decided') ANTI JOIN "
        "(SELECT source_id FROM decisions WHERE NOT kept) USING (source_id)",
        "source {0} ended without clips, and no decision or failure says why",
    ),
    Check(
        "SELECT split_unit, string_agg(DISTINCT split, ', ' ORDER BY split) FROM sources SEMI JOIN "
        "(SELECT split_unit FROM sources GROUP BY split_unit HAVING min(split) <> max(split)) USING (split_unit) "
        "GROUP BY split_unit",
        "{0} is in more than one split: {1}",
    ),
)

_ORPHANS = tuple(
    Check(
        f"SELECT source_id, count(*) FROM {table} ANTI JOIN sources USING (source_id) GROUP BY ALL",
        "{1} rows of " + table + " belong to {0}, which is not a source",
    )
    for table in ("decisions", "tracks", "clips", "failures")
)

_CLIPS = (
    Check("SELECT key, count(*) FROM clips GROUP BY key HAVING count(*) > 1", "clip {0} has {1} rows"),
    Check("SELECT track_id, count(*) FROM tracks GROUP BY track_id HAVING count(*) > 1", "track {0} has {1} rows"),
    Check(
        "SELECT key, track_id FROM clips ANTI JOIN tracks USING (track_id)",
        "clip {0} was cut from track {1}, which has no row",
    ),
    *(
        Check(
            f"SELECT source_id, {name}, of_clips FROM sources JOIN (SELECT source_id, CASE WHEN min({name}) = "
            f"max({name}) THEN min({name}) ELSE {if_several} END AS of_clips FROM clips GROUP BY source_id) "
            f"USING (source_id) WHERE {name} <> of_clips",
            "source {0}: its " + name + " is {1!r}, but {2!r} by its clips",
        )
        for name, if_several in (("split", f"'{SEVERAL}'"), ("split_unit", f"'{SOURCE}' || source_id"))
    ),
    Check(
        "SELECT split_unit, string_agg(DISTINCT split, ', ' ORDER BY split) FROM clips SEMI JOIN "
        "(SELECT split_unit FROM clips GROUP BY split_unit HAVING min(split) <> max(split)) USING (split_unit) "
        "GROUP BY split_unit",
        "clips of {0} are in more than one split: {1}",
    ),
    Check(
        "SELECT person_id, min(split), max(split) FROM clips WHERE person_id <> '' AND speaker = '' GROUP BY person_id "
        "HAVING min(split) <> max(split)",
        "person {0}, whom no one named, is in {1} and in {2}",
    ),
    Check(
        "SELECT track_id, min(person_id), max(person_id) FROM clips GROUP BY track_id "
        "HAVING min(person_id) <> max(person_id)",
        "the clips of track {0} are of two people, {1!r} and {2!r}",
    ),
    Check("SELECT key, shard FROM clips ANTI JOIN shards USING (shard)", "clip {0} lies in {1!r}, which is not listed"),
    Check(
        "SELECT key, clips.split, shard, shards.split FROM clips JOIN shards USING (shard) "
        "WHERE clips.split <> shards.split",
        "clip {0} of {1} lies in {2}, a shard of {3}",
    ),
    Check(
        "SELECT key, tar_offset, shard, free FROM (SELECT *, lag(tar_offset + tar_length, 1, 0) OVER "
        "(PARTITION BY shard ORDER BY tar_offset, key) AS free FROM clips) WHERE tar_offset <> free",
        "clip {0} begins at byte {1} of {2}, but the one before it ends at {3}",
    ),
)

_SHARDS = (
    Check("SELECT shard, count(*) FROM shards GROUP BY shard HAVING count(*) > 1", "shard {0} has {1} rows"),
    Check(
        "SELECT shard, num_clips, coalesce(found, 0) FROM shards LEFT JOIN "
        "(SELECT shard, count(*) AS found FROM clips GROUP BY ALL) USING (shard) "
        "WHERE num_clips <> coalesce(found, 0)",
        "shard {0} holds {1} clips, but {2} have a row",
    ),
    Check(
        "SELECT shard, size_bytes, last FROM shards JOIN "
        "(SELECT shard, max(tar_offset + tar_length) AS last FROM clips GROUP BY ALL) USING (shard) "
        "WHERE size_bytes < last + 1024 OR size_bytes > last + 11264",
        "shard {0} has {1} bytes, but its last clip ends at {2}",
    ),
)

CHECKS = (*_SOURCES, *_ORPHANS, *_CLIPS, *_SHARDS)
"""All checks."""
