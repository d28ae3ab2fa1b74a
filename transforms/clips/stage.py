"""CutClips: cut speaking turns into finished clips, stored in packs; only references travel on."""

import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam

from schemas.records import ClipRef, WindowOutcome, WindowTurns
from schemas.tables import DecisionRow, FailureRow
from transforms.beam_support.counters import count, record_score
from transforms.beam_support.guard import Guarded, Place
from transforms.beam_support.storage import join, local_path, read_bytes, write_once
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.clips.config import ClipsConfig
from transforms.clips.cut_clips import CutClip, cut_clips
from transforms.media.audio import read_audio_span
from transforms.media.progress_marks import ProgressMark, leave_mark
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
    """Cut every turn into clips of clips.min_s to clips.max_s; the clips of a window form one pack in staging."""

    config: ClipsConfig
    staging: str
    fail_fast: bool = False
    store: StoreOptions = DEFAULT_STORE

    def expand(self, turns: beam.PCollection[WindowTurns]) -> CutClipsOutputs:
        """Build the stage."""
        guarded = turns | "Cut" >> Guarded(
            work=_Cut(self.config, self.staging),
            stage=STAGE,
            place=place_of_turns,
            fail_fast=self.fail_fast,
            staging=self.staging,
            store=self.store,
        )
        parts = guarded.results | "Part" >> beam.ParDo(_Part()).with_outputs("outcomes", "decisions", main="clips")
        return CutClipsOutputs(parts.clips, parts.outcomes, parts.decisions, guarded.failures)


class _Cut(beam.DoFn):
    def __init__(self, config: ClipsConfig, staging: str):
        self._config, self._staging = config, staging

    def process(self, turns: WindowTurns) -> Iterator[Any]:
        window = turns.faces.window
        audio = local_path(window.video.audio_uri) if turns.turns else ""
        tubes = TubeFile(read_bytes(turns.faces.tube_uri)) if turns.turns else None
        made = list(cut_clips(turns, tubes, functools.partial(read_audio_span, audio), self._config))
        clips = [item for item in made if isinstance(item, CutClip)]
        decisions = [item for item in made if isinstance(item, DecisionRow)]
        refs = self._pack(clips)
        leave_mark(
            self._staging,
            ProgressMark(
                stage=STAGE,
                source_id=window.video.source.source_id,
                window_index=window.index,
                clips=len(refs),
                dropped=sum(not row.kept for row in decisions),
            ),
        )
        yield WindowOutcome(
            source_id=window.video.source.source_id,
            window_index=window.index,
            outcome="clips" if refs else "decided",
            num_clips=len(refs),
            damaged_frames=turns.faces.damaged_frames,
            smallest_face_px=turns.faces.smallest_face_px,
        )
        yield from refs
        yield from decisions

    def _pack(self, clips: list[CutClip]) -> list[ClipRef]:
        """Write all clips of the window as one pack, named by its content."""
        if not clips:
            return []
        data = b"".join(clip.members for clip in clips)
        uri = join(self._staging, "packs", f"{hashlib.sha256(data).hexdigest()[:32]}.pack")
        write_once(uri, data)
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
                )
            )
            offset += len(clip.members)
        return refs


class _Part(beam.DoFn):
    """Separates references, outcomes and decisions, and counts them."""

    def process(self, item: Any) -> Iterator[Any]:
        if isinstance(item, WindowOutcome):
            yield beam.pvalue.TaggedOutput("outcomes", item)
        elif isinstance(item, DecisionRow):
            if not item.kept:
                count(STAGE, f"dropped_{item.rule}")
            yield beam.pvalue.TaggedOutput("decisions", item)
        else:
            count(STAGE, "clips")
            record_score(STAGE, "sharpness", item.row.sharpness)
            yield item


def place_of_turns(turns: WindowTurns) -> Place:
    """The source and window that a failure row names."""
    source = turns.faces.window.video.source
    return Place(source.source_id, source.stored_name, turns.faces.window.index, source.source_uri)
