"""Borderline subjects: those whose value came nearest to the threshold of a rule, on either side of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.funnel import pipeline_order
from schemas.clock import FRAME_RATE
from schemas.stored.manifests import Manifests, rows_of

_NEAREST = """
    SELECT stage, subject_kind, rule, kept, any_value(comparison) AS comparison, any_value(unit) AS unit,
           threshold, min(rule_order) AS rule_order, count(*) AS number,
           min({{'distance': abs(value - threshold), 'subject_id': subject_id, 'source_id': source_id,
                 'subject_kind': subject_kind, 'value': value}}, {max_each}) AS nearest
    FROM decisions WHERE value IS NOT NULL AND threshold IS NOT NULL
    GROUP BY stage, subject_kind, rule, threshold, kept
"""
_DETAILS = f"""
    WITH wanted AS (SELECT unnest($1::VARCHAR[]) AS subject_id, unnest($2::VARCHAR[]) AS source_id,
            unnest($3::VARCHAR[]) AS subject_kind),
    placed AS MATERIALIZED (
        SELECT DISTINCT subject_id, source_id, subject_kind,
               array_to_string(string_split(subject_id, '-')[1:3], '-') AS track_id,
               replace(subject_id, '-s', '-') AS first_key,
               try_cast(regexp_extract(subject_id, '-t\\d+-s?(\\d+)$', 1) AS BIGINT) AS start_frame
        FROM wanted),
    cut AS (
        SELECT subject_id, coalesce(min(key) FILTER (WHERE key >= first_key), min(key)) AS key
        FROM placed JOIN clips USING (track_id) GROUP BY subject_id
        UNION ALL
        SELECT subject_id, min(key) AS key FROM placed JOIN clips USING (source_id)
        WHERE subject_kind IN ('source', 'window') AND starts_with(key, subject_id) GROUP BY subject_id),
    ended AS (
        SELECT subject_id AS track_id, min(rule) AS later_rule FROM decisions
        WHERE NOT kept AND subject_id IN (SELECT track_id FROM placed) GROUP BY subject_id)
    SELECT placed.subject_id, sources.uris[1] AS source_uri, coalesce(key, '') AS key,
           coalesce(later_rule, '') AS later_rule,
           coalesce(placed.start_frame, tracks.start_frame) / {FRAME_RATE} AS start_s,
           tracks.face_source_px, tracks.yaw_deg, tracks.sync_probability, tracks.sync_confidence,
           tracks.audio_lag_frames, tracks.audio_lag_se_frames, coalesce(tracks.sync_curve, []) AS sync_curve
    FROM placed LEFT JOIN sources USING (source_id) LEFT JOIN tracks USING (track_id)
    LEFT JOIN cut USING (subject_id) LEFT JOIN ended USING (track_id)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderlineSubject:
    """A track, turn, clip, window or source near a threshold."""

    subject_id: str
    source_uri: str
    start_s: float | None  # in the source; None: a whole source or window
    value: float
    key: str  # of a clip that shows it; empty: it is in none
    later_rule: str  # dropped the track after this rule had kept it; empty: none did
    face_source_px: float | None
    yaw_deg: float | None
    audio_lag_frames: float | None
    audio_lag_se_frames: float | None
    sync_probability: float | None
    sync_confidence: float | None
    curve: tuple[tuple[float, float], ...]  # (lag in frames, similarity 0..1, on one scale for all of the page)


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderlineRule:
    """One rule with a threshold, and the subjects nearest to it, the nearest first."""

    stage: str
    subject_kind: str
    rule: str
    comparison: str
    threshold: float
    unit: str
    num_kept: int
    num_dropped: int
    kept: tuple[BorderlineSubject, ...]
    dropped: tuple[BorderlineSubject, ...]


def borderline_rules(manifests: Manifests, max_each: int) -> list[BorderlineRule]:
    """Every rule that compared numbers, with at most `max_each` subjects on each side of its threshold."""
    rows = rows_of(manifests, f"{_NEAREST.format(max_each=int(max_each))} ORDER BY rule_order, rule, threshold, kept")
    groups = sorted(rows, key=pipeline_order)
    subjects = _subjects(manifests, [one for group in groups for one in group["nearest"]])
    found: dict[tuple, dict[bool, dict[str, Any]]] = {}
    for group in groups:
        sides = found.setdefault(tuple(group[name] for name in ("stage", "subject_kind", "rule", "threshold")), {})
        sides[group["kept"]] = group
    return [_rule(sides, subjects) for sides in found.values()]


def _rule(sides: dict[bool, dict[str, Any]], subjects: dict[tuple[str, float], BorderlineSubject]) -> BorderlineRule:
    group = next(iter(sides.values()))
    number = {kept: sides[kept]["number"] if kept in sides else 0 for kept in (True, False)}
    near = {
        kept: tuple(subjects[one["subject_id"], one["value"]] for one in sides[kept]["nearest"])
        if kept in sides
        else ()
        for kept in (True, False)
    }
    return BorderlineRule(
        **{name: group[name] for name in ("stage", "subject_kind", "rule", "comparison", "threshold", "unit")},
        num_kept=number[True],
        num_dropped=number[False],
        kept=near[True],
        dropped=near[False],
    )


def _subjects(manifests: Manifests, nearest: Sequence[dict[str, Any]]) -> dict[tuple[str, float], BorderlineSubject]:
    """(subject id, value) -> the subject with what the tables say of it."""
    ids = [[one[name] for one in nearest] for name in ("subject_id", "source_id", "subject_kind")]
    details = {row["subject_id"]: row for row in rows_of(manifests, _DETAILS, ids)} if nearest else {}
    limits = _curve_limits(details.values())
    return {
        (one["subject_id"], one["value"]): _subject(one["value"], details[one["subject_id"]], limits) for one in nearest
    }


def _subject(value: float, row: dict[str, Any], limits: tuple[float, float]) -> BorderlineSubject:
    low, high = limits
    curve = np.array(row["sync_curve"], np.float64)
    heights = (curve - low) / max(high - low, 1e-9)
    middle = len(curve) // 2
    columns = {name: one for name, one in row.items() if name not in ("sync_curve", "source_uri")}
    return BorderlineSubject(
        **columns,
        source_uri=row["source_uri"] or "",
        value=value,
        curve=tuple((lag - middle, float(height)) for lag, height in enumerate(heights) if np.isfinite(height)),
    )


def _curve_limits(rows: Any) -> tuple[float, float]:
    """Smallest and largest similarity of all curves."""
    values = np.array([value for row in rows for value in row["sync_curve"] if np.isfinite(value)])
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
