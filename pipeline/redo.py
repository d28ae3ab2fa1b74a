"""The part of the graph for sources that are done again: which rows of the dataset stay, and what replaces others."""

from typing import Any

import apache_beam as beam

from pipeline.plan import BuildPlan
from schemas.records import ClipRef
from schemas.tables import AnyRow, FailureRow
from transforms.people.find_people import FoundTrack
from transforms.people.stage import ReadRecordedTracks
from transforms.recorded.stage import CountAttempts, KeepPlaces, ReadRows
from transforms.recorded.stored_rows import table_of_part
from transforms.takedowns.stage import ReadRemoved


def recorded_tracks(pipeline: beam.Pipeline, plan: BuildPlan) -> beam.PCollection[FoundTrack]:
    """The tracks with clips that the dataset holds."""
    held = [*(part.path for part in plan.generation.carried), *plan.generation.rewritten]
    parts = tuple(sorted(path for path in held if table_of_part(path) in ("tracks", "clips")))
    return pipeline | "RecordedTracks" >> ReadRecordedTracks(plan.output, parts, plan.store)


def stored_clips(pipeline: beam.Pipeline, plan: BuildPlan) -> dict[str, beam.PCollection[Any]]:
    """The rows of all clips that the dataset holds, and what was taken down, for FindCopies; in a new one, nothing."""
    held = [*(part.path for part in plan.generation.carried), *plan.generation.rewritten]
    parts = tuple(sorted(path for path in held if table_of_part(path) == "clips"))
    stored = {"stored": pipeline | "OnRecord" >> ReadRows(plan.output, parts, store=plan.store)} if parts else {}
    lists = plan.takedowns.uris
    return stored | ({"removed": pipeline | "Removed" >> ReadRemoved(lists, plan.store)} if lists else {})


def place_clips(
    pipeline: beam.Pipeline, plan: BuildPlan, clips: beam.PCollection[ClipRef]
) -> tuple[beam.PCollection[ClipRef], list[beam.PCollection[AnyRow]]]:
    """The clips that need a place in a new shard, and the rows of those that have one already."""
    if not plan.generation.redone:
        return clips, []
    stored = pipeline | "StoredClips" >> _rows_of_redone(plan, "clips")
    placed = {"clips": clips, "stored": stored} | "KeepPlaces" >> KeepPlaces()
    return placed.clips, [placed.rows]


def count_attempts(
    pipeline: beam.Pipeline, plan: BuildPlan, failures: beam.PCollection[FailureRow]
) -> beam.PCollection[FailureRow]:
    """The failures, with the attempts of earlier runs counted."""
    if not plan.generation.redone:
        return failures
    stored = pipeline | "StoredFailures" >> _rows_of_redone(plan, "failures")
    return {"failures": failures, "stored": stored} | "CountAttempts" >> CountAttempts()


def other_rows(pipeline: beam.Pipeline, plan: BuildPlan) -> list[beam.PCollection[Any]]:
    """The rows of other sources in the parts that are written again."""
    if not plan.generation.redone:
        return []
    read = ReadRows(plan.output, plan.generation.rewritten, without=plan.generation.redone, store=plan.store)
    return [pipeline | "OtherRows" >> read]


def _rows_of_redone(plan: BuildPlan, table: str) -> ReadRows:
    parts = tuple(path for path in plan.generation.rewritten if table_of_part(path) == table)
    return ReadRows(plan.output, parts, only=plan.generation.redone, store=plan.store)
