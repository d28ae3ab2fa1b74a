"""CutClips: cut speaking turns into finished clips, stored in packs; only references travel on."""

import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import apache_beam as beam

from schemas.records import ClipRef, Source, WindowOutcome, WindowTurns
from schemas.tables import DecisionRow, FailureRow
from transforms.beam_support.coders import use_record_coders, with_kinds
from transforms.beam_support.counters import count, record_score
from transforms.beam_support.failure_rows import Place
from transforms.beam_support.guard import Guarded
from transforms.beam_support.progress_marks import ProgressMark, leave_mark
from transforms.beam_support.results import Memory, StageResults, made_bytes, made_path
from transforms.beam_support.storage import write_once
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.beam_support.takedown_parts import NO_TAKEDOWNS, TakedownParts
from transforms.clips.config import ClipsConfig
from transforms.clips.cut_clips import CutClip, cut_clips, name_columns
from transforms.media.audio import read_audio_span
from transforms.media.takedown_list import clip_decision
from transforms.media.tubes import TubeFile

STAGE = "CutClips"


class CutClipsOutputs(NamedTuple):
    """The outputs of CutClips."""

    clips: beam.PCollection[ClipRef]
    outcomes: beam.PCollection[WindowOutcome]
    decisions: beam.PCollection[DecisionRow]
    failures: beam.PCollection[FailureRow]


@dataclass
class CutClips(beam.PTransform):
    """Cut every turn into clips of clips.min_s to clips.max_s; the clips of a window form one pack.

    Its tubes are deleted then, unless `keeps_tubes`.
    """

    config: ClipsConfig
    results: StageResults
    keeps_tubes: bool
    staging: str
    fail_fast: bool = False
    store: StoreOptions = DEFAULT_STORE
    taken: TakedownParts = NO_TAKEDOWNS  # lists of clips that are refused

    def expand(self, turns: beam.PCollection[WindowTurns]) -> CutClipsOutputs:
        """Build the stage."""
        memory = CutMemory(results=self.results, keeps_tubes=self.keeps_tubes)
        guarded = turns | "Cut" >> Guarded(
            work=_Cut(self.config, memory),
            stage=STAGE,
            place=place_of_turns,
            fail_fast=self.fail_fast,
            staging=self.staging,
            store=self.store,
            memory=memory,
        )
        part = beam.ParDo(_Part(self.staging, self.taken)).with_outputs("outcomes", "decisions", main="clips")
        parts = with_kinds(
            guarded.results | "Part" >> part, clips=ClipRef, outcomes=WindowOutcome, decisions=DecisionRow
        )
        return CutClipsOutputs(parts.clips, parts.outcomes, parts.decisions, guarded.failures)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowClips:
    """What became of one window: its clips, in a pack, and the decisions about them."""

    outcome: WindowOutcome
    clips: tuple[ClipRef, ...]
    decisions: tuple[DecisionRow, ...]


use_record_coders(WindowClips)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutMemory(Memory):
    """Clips are stored without the names, splits and licences of their source; these may change."""

    keeps_tubes: bool

    def key(self, element: WindowTurns) -> str:
        """See Memory."""
        return self.results.key(element.result_key)

    def nameless(self, record: WindowClips) -> WindowClips:
        """See Memory."""
        return replace(record, clips=tuple(_of_source(clip, None, "-") for clip in record.clips))

    def adopted(self, record: WindowClips, element: WindowTurns, key: str) -> WindowClips:
        """See Memory."""
        source, pack_uri = element.faces.window.video.source, self.results.uri(key, ".pack")
        return replace(record, clips=tuple(_of_source(clip, source, pack_uri) for clip in record.clips))

    def spent(self, element: WindowTurns) -> str:
        """See Memory."""
        return "" if self.keeps_tubes else element.faces.tube_uri


def _of_source(clip: ClipRef, source: Source | None, pack_uri: str) -> ClipRef:
    row = replace(clip.row, **name_columns(source))
    return replace(clip, split=row.split, pack_uri=pack_uri, row=row)


class _Cut(beam.DoFn):
    def __init__(self, config: ClipsConfig, memory: CutMemory):
        self._config, self._memory = config, memory

    def process(self, turns: WindowTurns) -> Iterator[WindowClips]:
        window = turns.faces.window
        audio = made_path(window.video.audio_uri) if turns.turns else ""
        tubes = TubeFile(made_bytes(turns.faces.tube_uri)) if turns.turns else None
        made = list(cut_clips(turns, tubes, functools.partial(read_audio_span, audio), self._config))
        clips = self._pack([item for item in made if isinstance(item, CutClip)], turns)
        outcome = WindowOutcome(
            source_id=window.video.source.source_id,
            window_index=window.index,
            outcome="clips" if clips else "decided",
            num_clips=len(clips),
            damaged_frames=turns.faces.damaged_frames,
            smallest_face_px=turns.faces.smallest_face_px,
        )
        decisions = tuple(item for item in made if isinstance(item, DecisionRow))
        yield WindowClips(outcome=outcome, clips=tuple(clips), decisions=decisions)

    def _pack(self, clips: list[CutClip], turns: WindowTurns) -> list[ClipRef]:
        """Write all clips of the window as one pack."""
        if not clips:
            return []
        uri = self._memory.results.uri(self._memory.key(turns), ".pack")
        write_once(uri, b"".join(clip.members for clip in clips))
        refs, offset = [], 0
        for clip in clips:
            refs.append(
                ClipRef(
                    key=clip.row.key,
                    split=clip.row.split,
                    pack_uri=uri,
                    offset=offset,
                    length=len(clip.members),
                    sha256=hashlib.sha256(clip.members).hexdigest(),
                    row=clip.row,
                    damaged_frames=turns.faces.damaged_frames,
                )
            )
            offset += len(clip.members)
        return refs


def without_taken(window: WindowClips, keys: frozenset[str]) -> WindowClips:
    """A window without the clips that were taken down by themselves, each of which becomes a decision."""
    clips = tuple(clip for clip in window.clips if clip.key not in keys)
    if len(clips) == len(window.clips):
        return window
    dropped = [clip_decision(clip.key, clip.row.source_id) for clip in window.clips if clip.key in keys]
    outcome = replace(window.outcome, outcome="clips" if clips else "decided", num_clips=len(clips))
    return WindowClips(outcome=outcome, clips=clips, decisions=(*window.decisions, *dropped))


class _Part(beam.DoFn):
    """Separates clips, outcomes and decisions, and counts them."""

    def __init__(self, staging: str, taken: TakedownParts):
        self._staging, self._taken = staging, taken

    def process(self, window: WindowClips) -> Iterator[Any]:
        window = without_taken(window, self._taken.load().clips)
        yield beam.pvalue.TaggedOutput("outcomes", window.outcome)
        dropped = [row for row in window.decisions if not row.kept]
        for row in dropped:
            count(STAGE, f"dropped_{row.rule}")
        for row in window.decisions:
            yield beam.pvalue.TaggedOutput("decisions", row)
        for clip in window.clips:
            count(STAGE, "clips")
            record_score(STAGE, "sharpness", clip.row.sharpness)
            yield clip
        leave_mark(
            self._staging,
            ProgressMark(
                stage=STAGE,
                source_id=window.outcome.source_id,
                window_index=window.outcome.window_index,
                clips=len(window.clips),
                dropped=len(dropped),
            ),
        )


def place_of_turns(turns: WindowTurns) -> Place:
    """The source and window that a failure row names."""
    source = turns.faces.window.video.source
    return Place(source.source_id, source.stored_name, turns.faces.window.index, source.source_uri)
