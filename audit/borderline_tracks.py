"""Borderline tracks: those whose sync probability or confidence came nearest to a threshold, on either side of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from schemas.clock import seconds_from_frames
from schemas.stored.manifests import Manifests, rows_of

RULES = ("unsure_probability", "min_probability", "min_confidence")
"""The rules of FindSpeakers with a threshold of the sync network."""
_COLUMNS = (
    "track_id",
    "audio_lag_frames",
    "audio_lag_se_frames",
    "sync_probability",
    "sync_confidence",
    "rule",
    "value",
    "threshold",
)
_TRACK_COLUMNS = ", ".join(
    f"tracks.{name}" for name in ("track_id", "start_frame", "end_frame", *_COLUMNS[1:5], "sync_curve")
)


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


def borderline_tracks(manifests: Manifests, max_each: int) -> list[BorderlineTrack]:
    """Find the tracks nearest to a threshold, at most `max_each` of every rule and verdict, highest value first."""
    rows = rows_of(
        manifests,
        f"""
        WITH asked AS (
            SELECT subject_id, rule, rule_order, value, threshold, kept FROM decisions
            WHERE stage = 'FindSpeakers' AND subject_kind = 'track' AND rule IN {RULES} AND value IS NOT NULL),
        last AS (SELECT subject_id, max(rule_order) AS rule_order FROM asked GROUP BY subject_id),
        ranked AS (
            SELECT *, row_number() OVER (PARTITION BY rule, kept ORDER BY abs(value - threshold), subject_id) AS place
            FROM asked SEMI JOIN last USING (subject_id, rule_order)),
        nearest AS (SELECT * FROM ranked WHERE place <= {int(max_each)})
        SELECT nearest.*, sources.uris, {_TRACK_COLUMNS}
        FROM nearest JOIN tracks ON tracks.track_id = nearest.subject_id
        JOIN sources ON sources.source_id = tracks.source_id
        WHERE len(tracks.sync_curve) > 0
        ORDER BY nearest.rule = 'min_confidence', nearest.value DESC, tracks.track_id
        """,
    )
    curves = np.array([row["sync_curve"] for row in rows], np.float64)
    return [_borderline_track(row, curve) for row, curve in zip(rows, _scaled(curves), strict=True)]


def _borderline_track(row: dict[str, Any], curve: np.ndarray) -> BorderlineTrack:
    middle = len(curve) // 2
    columns = {name: row[name] for name in _COLUMNS}
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
