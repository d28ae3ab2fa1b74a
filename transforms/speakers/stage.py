"""The FindSpeakers stage: which face speaks in each window, and by how much its audio is late."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np

from schemas.clock import SAMPLES_PER_FRAME
from schemas.records import WindowFaces, WindowTurns
from schemas.tables import DecisionRow, FailureRow, TrackRow
from transforms.beam_support.coders import use_record_coders, with_kinds
from transforms.beam_support.counters import count, record_score
from transforms.beam_support.failure_rows import Place
from transforms.beam_support.guard import Guarded
from transforms.beam_support.progress_marks import ProgressMark, leave_mark
from transforms.beam_support.results import Memory, StageResults, made_bytes, made_path, nameless_faces
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.media.audio import read_audio_span
from transforms.media.tubes import TubeFile
from transforms.speakers.audio_embedding import AUDIO_MARGIN_FRAMES
from transforms.speakers.chains import TrackChain, TrackEnds, find_chains, track_ends, with_chain
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.find_speakers import STAGE, WindowJudgement, find_speakers
from transforms.speakers.sync_network import load_sync_network

use_record_coders(TrackChain, TrackEnds, WindowJudgement)


class FindSpeakersOutputs(NamedTuple):
    """Outputs of FindSpeakers."""

    turns: beam.PCollection[WindowTurns]
    track_rows: beam.PCollection[TrackRow]
    decisions: beam.PCollection[DecisionRow]
    failures: beam.PCollection[FailureRow]


@dataclass
class FindSpeakers(beam.PTransform):
    """Judge every face of each window against its audio."""

    config: SpeakersConfig
    min_box_px: float
    min_track_s: float
    min_turn_s: float
    max_faces: int
    results: StageResults
    staging: str
    fail_fast: bool = False
    store: StoreOptions = DEFAULT_STORE

    def expand(self, faces: beam.PCollection[WindowFaces]) -> FindSpeakersOutputs:
        """Judge each window in a guarded step, then chain the tracks of each source across its windows."""
        work = _Find(self)
        guarded = faces | "Find" >> Guarded(
            work=work,
            stage=STAGE,
            place=_place_of_faces,
            fail_fast=self.fail_fast,
            staging=self.staging,
            store=self.store,
            memory=_FindMemory(results=self.results),
        )
        part = beam.ParDo(_Part(self.staging)).with_outputs("rows", "decisions", main="turns")
        parts = with_kinds(guarded.results | "Part" >> part, turns=WindowTurns, rows=TrackRow, decisions=DecisionRow)
        rows = parts.rows | "Chain" >> _ChainTracks()
        return FindSpeakersOutputs(parts.turns, rows, parts.decisions, guarded.failures)


class _FindMemory(Memory):
    def key(self, element: WindowFaces) -> str:
        return self.results.key(element.result_key)

    def nameless(self, record: WindowJudgement) -> WindowJudgement:
        faces = replace(nameless_faces(record.turns.faces), tracks=())  # those of the element
        return replace(record, turns=replace(record.turns, faces=faces))

    def adopted(self, record: WindowJudgement, element: WindowFaces, key: str) -> WindowJudgement:
        return replace(record, turns=replace(record.turns, faces=element))


class _Find(beam.DoFn):
    def __init__(self, stage: FindSpeakers):
        self._memory = _FindMemory(results=stage.results)
        self._config, self._max_faces = stage.config, stage.max_faces
        self._limits = {
            "min_box_px": stage.min_box_px,
            "min_track_s": stage.min_track_s,
            "min_turn_s": stage.min_turn_s,
        }

    def setup(self) -> None:
        self._network = None if self._config.network == "none" else load_sync_network(self._config.network)

    def process(self, faces: WindowFaces) -> Iterator[WindowJudgement]:
        window = faces.window
        first, last = window.start_frame - AUDIO_MARGIN_FRAMES, window.end_frame + AUDIO_MARGIN_FRAMES
        audio = np.zeros(0, np.int16)
        if faces.tracks:
            audio = read_audio_span(
                made_path(window.video.audio_uri), first * SAMPLES_PER_FRAME, last * SAMPLES_PER_FRAME
            )
        tubes = TubeFile(made_bytes(faces.tube_uri)) if faces.tube_uri else None
        judged = find_speakers(
            faces, tubes, audio, self._network, self._config, max_faces=self._max_faces, **self._limits
        )
        yield replace(judged, turns=replace(judged.turns, result_key=self._memory.key(faces)))


class _ChainTracks(beam.PTransform):
    """Give each row its chain. A group holds the ends of a source's tracks; the rows with all their boxes join it."""

    def expand(self, rows: beam.PCollection[TrackRow]) -> beam.PCollection[TrackRow]:
        chains = (
            rows
            | "Ends" >> beam.Map(_ends_by_source).with_output_types(tuple[str, TrackEnds])
            | "BySource" >> beam.GroupByKey()
            | "Find" >> beam.FlatMapTuple(_chains_of_source).with_output_types(TrackChain)
        )
        both = (rows, chains) | "Both" >> beam.Flatten()
        keyed = both | "Key" >> beam.Map(_by_track).with_output_types(tuple[str, TrackRow | TrackChain])
        return keyed | "ByTrack" >> beam.GroupByKey() | beam.FlatMapTuple(_chained).with_output_types(TrackRow)


def _ends_by_source(row: TrackRow) -> tuple[str, TrackEnds]:
    return row.source_id, track_ends(row)


def _chains_of_source(source_id: str, ends: Iterable[TrackEnds]) -> list[TrackChain]:
    return find_chains(ends)


def _by_track(one: TrackRow | TrackChain) -> tuple[str, TrackRow | TrackChain]:
    return one.track_id, one


def _chained(track_id: str, joined: Iterable[TrackRow | TrackChain]) -> Iterator[TrackRow]:
    """The rows of one track, of which the commit refuses a second."""
    found = list(joined)
    chain = next(one for one in found if isinstance(one, TrackChain))
    for row in found:
        if isinstance(row, TrackRow):
            yield with_chain(row, chain)


class _Part(beam.DoFn):
    """Splits a judgement into turns, rows and decisions, and counts them."""

    def __init__(self, staging: str):
        self._staging = staging

    def process(self, judgement: WindowJudgement) -> Iterator[Any]:
        count(STAGE, "turns", len(judgement.turns.turns))
        for row in judgement.rows:
            if row.sync_confidence is not None:
                record_score(STAGE, "sync_confidence", row.sync_confidence)
            yield beam.pvalue.TaggedOutput("rows", row)
        for decision in judgement.decisions:
            if not decision.kept:
                count(STAGE, f"dropped_{decision.rule}")
            yield beam.pvalue.TaggedOutput("decisions", decision)
        window = judgement.turns.faces.window
        leave_mark(
            self._staging,
            ProgressMark(
                stage=STAGE,
                source_id=window.video.source.source_id,
                window_index=window.index,
                dropped=sum(not decision.kept for decision in judgement.decisions),
            ),
        )
        yield judgement.turns


def _place_of_faces(faces: WindowFaces) -> Place:
    source = faces.window.video.source
    return Place(source.source_id, source.stored_name, faces.window.index, source.source_uri)
