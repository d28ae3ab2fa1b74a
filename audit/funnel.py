"""The funnel: how many subjects each rule kept and dropped, in the order of the pipeline."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.stored.manifests import Manifests, rows_of

STAGES = (
    "HashSource",
    "PrepareVideos",
    "SplitWindows",
    "TrackFaces",
    "FindSpeakers",
    "CutClips",
    "FindCopies",
    "FindPeople",
    "WriteShards",
)
KINDS = ("source", "window", "track", "turn", "clip")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStep:
    """One rule of one stage."""

    stage: str
    subject_kind: str
    rule: str
    kept: int
    dropped: int


def funnel(manifests: Manifests) -> list[FunnelStep]:
    """Count the decisions by rule, ordered by stage, kind of subject and the rule's place among them."""
    rows = rows_of(
        manifests,
        """
        SELECT stage, subject_kind, rule, count(*) FILTER (WHERE kept) AS kept,
               count(*) FILTER (WHERE NOT kept) AS dropped
        FROM decisions GROUP BY stage, subject_kind, rule ORDER BY min(rule_order), rule
        """,
    )
    return [FunnelStep(**row) for row in sorted(rows, key=pipeline_order)]


def pipeline_order(row: Mapping[str, Any]) -> tuple[int, int]:
    """Where the rules of a row's stage and kind of subject stand in the pipeline: a key to sort by."""
    return _place(row["stage"], STAGES), _place(row["subject_kind"], KINDS)


def _place(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)
