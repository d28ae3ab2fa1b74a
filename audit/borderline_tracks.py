"""Tracks whose sync was judged near a threshold: kept by little, unsure, or nearly believed."""

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from schemas.clock import seconds_from_frames

RULES = ("makes_this_sound", "unsure", "min_confidence")
"""The rules of FindSpeakers that ask how well lips and audio agree, in their order."""
COLUMNS = (
    "track_id",
    "start_frame",
    "end_frame",
    "audio_lag_frames",
    "audio_lag_se_frames",
    "sync_probability",
    "sync_confidence",
    "sync_curve",
)
"""What is read of the tracks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderlineTrack:
    """One track, by the last of the sync rules that it was asked."""

    track_id: str
    source_uri: str
    start_s: float
    end_s: float
    verdict: str  # kept, unsure, or dropped
    rule: str
    value: float
    threshold: float
    audio_lag_frames: float
    audio_lag_se_frames: float
    sync_probability: float | None
    sync_confidence: float
    curve: tuple[tuple[float, float], ...]  # (lag in frames, height 0..1 on the scale that all calls share)


def borderline_tracks(decisions: pa.Table, tracks: pa.Table, sources: pa.Table, max_each: int) -> list[BorderlineTrack]:
    """The tracks nearest to a threshold, at most `max_each` of every rule and verdict, the surest first."""
    rows = (
        duckdb.sql(f"""
        WITH asked AS (
            SELECT DISTINCT ON (subject_id) * FROM decisions
            WHERE stage = 'FindSpeakers' AND subject_kind = 'track' AND rule IN {RULES} AND value IS NOT NULL
            ORDER BY subject_id, rule_order DESC),
        ranked AS (
            SELECT *, row_number() OVER (PARTITION BY rule, kept ORDER BY abs(value - threshold), subject_id) AS place
            FROM asked)
        SELECT ranked.rule, ranked.value, ranked.threshold, ranked.kept, sources.uris, tracks.*
        FROM ranked JOIN tracks ON tracks.track_id = ranked.subject_id JOIN sources ON sources.source_id = ranked.source_id
        WHERE place <= {int(max_each)} AND len(tracks.sync_curve) > 0
        ORDER BY list_position({list(RULES)}, ranked.rule) = 3, ranked.value DESC, tracks.track_id
    """)
        .to_arrow_table()
        .to_pylist()
    )
    curves = np.array([row["sync_curve"] for row in rows], np.float64)
    return [_call(row, curve) for row, curve in zip(rows, _scaled(curves), strict=True)]


def _call(row: dict, curve: np.ndarray) -> BorderlineTrack:
    middle = len(curve) // 2
    told = {name: row[name] for name in (*COLUMNS[3:-1], "track_id", "rule", "value", "threshold")}
    return BorderlineTrack(
        **told,
        source_uri=row["uris"][0],
        start_s=float(seconds_from_frames(row["start_frame"])),
        end_s=float(seconds_from_frames(row["end_frame"])),
        verdict="kept" if row["kept"] else "unsure" if row["rule"] == "unsure" else "dropped",
        curve=tuple((lag - middle, float(height)) for lag, height in enumerate(curve) if np.isfinite(height)),
    )


def _scaled(curves: np.ndarray) -> np.ndarray:
    """Curves (N, 31) brought to 0..1 together; NaN stays."""
    if not np.isfinite(curves).any():
        return curves
    low, high = np.nanmin(curves), np.nanmax(curves)
    return (curves - low) / max(high - low, 1e-9)
