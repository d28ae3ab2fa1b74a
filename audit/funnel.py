"""The funnel: how many subjects each rule kept and dropped, in the order of the flow."""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

STAGES = ("HashSource", "PrepareVideos", "SplitWindows", "TrackFaces", "FindSpeakers", "CutClips", "WriteShards")
KINDS = ("source", "window", "track", "turn", "clip")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStep:
    """One rule of one stage."""

    stage: str
    subject_kind: str
    rule: str
    kept: int
    dropped: int


def funnel(decisions: pa.Table) -> list[FunnelStep]:
    """Count the decisions by rule. Stages and kinds of subject come in the order of the flow."""
    rows = duckdb.sql("""
        SELECT stage, subject_kind, rule, count(*) FILTER (WHERE kept), count(*) FILTER (WHERE NOT kept)
        FROM decisions GROUP BY stage, subject_kind, rule ORDER BY min(rule_order), rule
    """).fetchall()
    rows.sort(key=lambda row: (_place(row[0], STAGES), _place(row[1], KINDS)))
    return [
        FunnelStep(stage=stage, subject_kind=kind, rule=rule, kept=kept, dropped=dropped)
        for stage, kind, rule, kept, dropped in rows
    ]


def _place(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)
