"""Borderline tracks: those whose sync probability or confidence came nearest to a threshold, on either side of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from audit.query import query
from schemas.clock import seconds_from_frames

RULES = ("unsure_probability", "min_probability", "min_confidence")
"""The rules of FindSpeakers with a threshold of the sync network."""
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
"""Columns of the tracks that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderlineTrack:
    """One track, with the last of the sync rules that was applied to it."""

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
    curve: tuple[tuple[float, float], ...]  # (lag in frames, similarity 0..1 on the scale of all borderline tracks)


def borderline_tracks(decisions: pa.Table, tracks: pa.Table, sources: pa.Table, max_each: int) -> list[BorderlineTrack]:
    """Find the tracks nearest to a threshold, at most `max_each` of every rule and verdict, highest value first."""
    rows = query(
        f"""
        WITH judged AS (
            SELECT DISTINCT ON (subject_id) * FROM decisions
            WHERE stage = 'FindSpeakers' AND subject_kind = 'track' AND rule IN {RULES} AND value IS NOT NULL
            ORDER BY subject_id, rule_order DESC),
        ranked AS (
            SELECT *, row_number() OVER (PARTITION BY rule, kept ORDER BY abs(value - threshold), subject_id) AS place
            FROM judged)
        SELECT ranked.rule, ranked.value, ranked.threshold, ranked.kept, sources.uris, tracks.*
        FROM ranked JOIN tracks ON tracks.track_id = ranked.subject_id
        JOIN sources ON sources.source_id = ranked.source_id
        WHERE place <= {int(max_each)} AND len(tracks.sync_curve) > 0
        ORDER BY ranked.rule = 'min_confidence', ranked.value DESC, tracks.track_id
        """,
        decisions=decisions,
        tracks=tracks,
        sources=sources,
    )
    curves = np.array([row["sync_curve"] for row in rows], np.float64)
    return [_borderline_track(row, curve) for row, curve in zip(rows, _scaled(curves), strict=True)]


def _borderline_track(row: dict[str, Any], curve: np.ndarray) -> BorderlineTrack:
    middle = len(curve) // 2
    columns = {name: row[name] for name in (*COLUMNS[3:-1], "track_id", "rule", "value", "threshold")}
    return BorderlineTrack(
        **columns,
        source_uri=row["uris"][0],
        start_s=float(seconds_from_frames(row["start_frame"])),
        end_s=float(seconds_from_frames(row["end_frame"])),
        verdict="kept" if row["kept"] else "unsure" if row["rule"] == "min_probability" else "dropped",
        curve=tuple((lag - middle, float(height)) for lag, height in enumerate(curve) if np.isfinite(height)),
    )


def _scaled(curves: np.ndarray) -> np.ndarray:
    """Scale curves (N, 31) to 0..1, all by the same factor; NaN stays NaN."""
    if not np.isfinite(curves).any():
        return curves
    low, high = np.nanmin(curves), np.nanmax(curves)
    return (curves - low) / max(high - low, 1e-9)
