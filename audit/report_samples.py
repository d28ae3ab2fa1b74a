"""The clips and sources that the report shows: as many for any dataset, and the same ones every time.

Those whose id has the smallest MD5 are shown, which is a random sample of any dataset that no other query depends on.
"""

from dataclasses import dataclass
from typing import Any

from audit.media_sources import MEDIA_SOURCES
from schemas.clock import FRAME_RATE
from schemas.stored.manifests import Manifests, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledClip:
    """One clip, as the page shows it below its middle frame."""

    key: str
    source_uri: str
    source_start_s: float
    length_s: float
    split: str
    speaker: str
    language: str
    text: str  # what is said; empty: nothing, or no transcripts
    face_source_px: float
    audio_lag_frames: float | None
    sync_probability: float | None
    sync_confidence: float | None


def sampled_clips(manifests: Manifests, max_clips: int) -> list[SampledClip]:
    """At most `max_clips` clips, in the order of their keys' MD5."""
    rows = rows_of(
        manifests,
        f"""
        SELECT key, source_uri, source_start_s, num_frames / {FRAME_RATE} AS length_s, split, speaker, language,
               coalesce(text, '') AS text,
               face_source_px, audio_lag_frames, sync_probability, sync_confidence
        FROM clips ORDER BY md5(key), key LIMIT {int(max_clips)}
        """,
    )
    return [SampledClip(**row) for row in rows]


def sampled_sources(manifests: Manifests, max_each: int) -> list[dict[str, Any]]:
    """At most `max_each` sources of each status, those without clips first, with what cost them something.

    `num_of_status` says how many there are of each.
    """
    return rows_of(
        manifests,
        f"""
        WITH media AS MATERIALIZED (SELECT source_id, status FROM {MEDIA_SOURCES}),
        chosen AS MATERIALIZED (
            SELECT unnest(min({{'md5': md5(source_id), 'id': source_id}}, {int(max_each)})).id AS source_id,
                   count(*) AS num_of_status
            FROM media GROUP BY status),
        dropped AS (
            SELECT source_id, string_agg(rule || ' ' || times, ', ' ORDER BY times DESC, rule) AS reasons
            FROM (SELECT source_id, rule, count(*) AS times FROM decisions SEMI JOIN chosen USING (source_id)
                  WHERE NOT kept GROUP BY ALL)
            GROUP BY source_id),
        failed AS (
            SELECT source_id, string_agg(kind || ' ' || times, ', ' ORDER BY times DESC, kind) AS kinds
            FROM (SELECT source_id, kind, count(*) AS times FROM failures SEMI JOIN chosen USING (source_id)
                  GROUP BY ALL)
            GROUP BY source_id)
        SELECT source_id, uris, status, duration_s, speech_s, num_windows, num_clips, damaged_frames, num_of_status,
               coalesce(reasons, '') AS reasons, coalesce(kinds, '') AS failure_kinds
        FROM sources JOIN chosen USING (source_id)
        LEFT JOIN dropped USING (source_id) LEFT JOIN failed USING (source_id)
        ORDER BY list_position(['failed', 'decided', 'clips'], status), uris
        """,
    )
