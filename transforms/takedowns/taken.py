"""What a takedown takes of a dataset, and what that leaves of a row."""

from dataclasses import dataclass, replace
from typing import Any

from schemas.records import SEVERAL
from schemas.tables import ClipRow, DecisionRow, ShardRow, SourceRow, TrackRow
from transforms.media.split_units import split_of_unit, split_unit
from transforms.media.takedown_list import COPY, clip_decision

CLIPS, SHARDS = "clips", "shards"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSource:
    """What a source has left once some of its clips are taken."""

    source_id: str
    num_clips: int
    windows_done: int  # windows that still have a clip
    status: str
    split: str | None  # of the clips that are left; None: there are none, and its own names decide
    split_unit: str | None  # likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What is taken."""

    sources: frozenset[str] = frozenset()  # ids; all their rows go
    clips: frozenset[str] = frozenset()  # keys of single clips of other sources
    copies: frozenset[str] = frozenset()  # keys of clips of other sources that were dropped as copies of it
    bare_tracks: frozenset[str] = frozenset()  # their tracks that have no clip any more; no embedding is kept of these
    shards: frozenset[str] = frozenset()  # paths of all shards that hold any of it, and are written again
    changed: tuple[ChangedSource, ...] = ()  # the sources of the single clips

    def left_of(self, row: Any) -> tuple[str, Any] | None:
        """What is left of a row, and where it goes; None: nothing.

        CLIPS and SHARDS: to be written again, from a shard that holds any of what is taken. "": it stays as it is.
        """
        if isinstance(row, ShardRow):
            return (SHARDS if row.shard in self.shards else "", row)
        if row.source_id in self.sources:
            return None
        if isinstance(row, ClipRow):
            if row.key in self.clips:
                return None
            return (CLIPS if row.shard in self.shards else "", row)
        if isinstance(row, DecisionRow) and row.subject_id in self.copies and not row.kept:
            return "", clip_decision(row.subject_id, row.source_id, COPY)
        if isinstance(row, TrackRow) and row.track_id in self.bare_tracks:
            return "", replace(row, face_embedding=())
        return "", self._changed(row) if isinstance(row, SourceRow) else row

    def _changed(self, row: SourceRow) -> SourceRow:
        found = next((one for one in self.changed if one.source_id == row.source_id), None)
        if found is None:
            return row
        unit = found.split_unit or split_unit(row.speaker, row.group, row.source_id)
        split = found.split or (split_of_unit(unit) if row.split == SEVERAL else row.split)
        return replace(
            row,
            num_clips=found.num_clips,
            windows_done=found.windows_done,
            windows_decided=row.windows_decided + row.windows_done - found.windows_done,
            status=found.status,
            split=split,
            split_unit=unit,
        )
