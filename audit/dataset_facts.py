"""What a dataset holds, counted by DuckDB: sizes, splits, languages, licences, failures."""

from typing import Any

from audit.media_sources import MEDIA_SOURCES
from schemas.clock import FRAME_RATE
from schemas.stored.manifests import Manifests, rows_of

MAX_LINES = 50  # of a table whose rows were given with the sources, and may be as many as these
SYNC_RULES = ("unsure_probability", "min_probability", "min_confidence")
"""The rules of FindSpeakers with a threshold of the sync network; each has its setting's name."""


def totals(manifests: Manifests) -> dict[str, Any]:
    """Counts and lengths of the whole dataset."""
    [found] = rows_of(
        manifests,
        f"""
        SELECT clips.*, sources.*, shards.*, (SELECT count(*) FROM tracks) AS tracks,
               (SELECT count(*) FROM failures) AS failures
        FROM (SELECT count(*) AS clips, coalesce(sum(num_frames), 0) / {FRAME_RATE} AS clip_s FROM clips) AS clips,
             (SELECT count(*) AS sources, count(*) FILTER (WHERE num_clips > 0) AS sources_with_clips,
                     coalesce(sum(duration_s), 0) AS source_s FROM {MEDIA_SOURCES}) AS sources,
             (SELECT count(*) AS shards, coalesce(sum(size_bytes), 0)::BIGINT AS size_bytes FROM shards) AS shards
        """,
    )
    return found


def licence_lines(manifests: Manifests) -> list[dict[str, Any]]:
    """Licence and consent as given, with sources, clips and seconds under each; those of most sources first.

    At most MAX_LINES; `num_lines` of each says how many there are.
    """
    return _given_lines(manifests, "licence, consent")


def language_lines(manifests: Manifests) -> list[dict[str, Any]]:
    """Language as given, likewise."""
    return _given_lines(manifests, "language")


def transcripts(manifests: Manifests) -> dict[str, Any] | None:
    """How many clips have a text, and its mean confidence; None in a dataset without transcripts."""
    [found] = rows_of(
        manifests,
        "SELECT count(text) AS num_asked, count(*) FILTER (WHERE text <> '') AS num_texts, "
        "avg(text_confidence) FILTER (WHERE text <> '') AS mean_confidence FROM clips",
    )
    return found if found["num_asked"] else None


def split_lines(manifests: Manifests) -> list[dict[str, Any]]:
    """Each split with its clips, seconds, and the units it was split by."""
    return rows_of(
        manifests,
        f"""
        SELECT split, count(*) AS num_clips, sum(num_frames) / {FRAME_RATE} AS clip_s,
               count(DISTINCT split_unit) AS num_units,
               count(DISTINCT split_unit) FILTER (WHERE starts_with(split_unit, 'speaker:')) AS num_speakers
        FROM clips GROUP BY split ORDER BY list_position(['train', 'val', 'test'], split)
        """,
    )


def failure_lines(manifests: Manifests, max_each: int) -> list[dict[str, Any]]:
    """Each kind of failure with its counts and `max_each` of its rows, those of the smallest MD5; most first."""
    return rows_of(
        manifests,
        f"""
        SELECT kind, count(*) AS num_failures, count(DISTINCT source_uri) AS num_sources,
               min({{'md5': md5(concat_ws(' ', source_uri, source_id, window_index, stage)), 'stage': stage,
                     'source_uri': source_uri, 'window_index': window_index, 'message': message}},
                   {int(max_each)}) AS rows
        FROM failures GROUP BY kind ORDER BY num_failures DESC, kind
        """,
    )


def _given_lines(manifests: Manifests, columns: str) -> list[dict[str, Any]]:
    return rows_of(
        manifests,
        f"""
        WITH cut AS (SELECT source_id, sum(num_frames) AS frames, count(*) AS clips FROM clips GROUP BY source_id)
        SELECT {columns}, count(*) AS num_sources, coalesce(sum(clips), 0)::BIGINT AS num_clips,
               coalesce(sum(frames), 0) / {FRAME_RATE} AS clip_s, count(*) OVER () AS num_lines
        FROM {MEDIA_SOURCES} LEFT JOIN cut USING (source_id) GROUP BY {columns}
        ORDER BY num_sources DESC, {columns} LIMIT {MAX_LINES}
        """,
    )
