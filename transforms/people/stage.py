"""FindPeople: embed the faces of every track with clips, find the people across all sources, and split by them.

The networks see only this project's own bytes, faces of one size, so they run in the worker. One worker compares the
embeddings of all tracks, 512 bytes each: that costs a hundredth of making them, see benchmarks/people.
"""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np

from schemas.decisions import DecisionLog
from schemas.records import AlikePeople, ClipRef, SourceFacts, SourceSplit, WindowOutcome
from schemas.stored.parquet import read_batches
from schemas.tables import DecisionRow, FailureRow, TrackRow
from transforms.beam_support import storage
from transforms.beam_support.coders import use_record_coders, with_kinds
from transforms.beam_support.counters import count
from transforms.beam_support.failure_rows import Place
from transforms.beam_support.guard import Guarded
from transforms.beam_support.lost_clips import WithoutLost
from transforms.beam_support.results import Memory, StageResults, made_range
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.people.config import PeopleConfig
from transforms.people.embed_track import embed_track
from transforms.people.face_networks import load_face_network
from transforms.people.find_people import FoundTrack, PlacedTrack, find_people
from transforms.people.recorded_tracks import columns_of_part, recorded_track, tracks_of_batch
from transforms.people.rules import CLIP_RULES
from transforms.people.split_units import SourcePerson
from transforms.people.track_clips import TrackClips, TrackFace, opened_clip, track_clips

STAGE = "FindPeople"


use_record_coders(TrackClips, TrackFace, FoundTrack, PlacedTrack, SourcePerson)


class FindPeopleOutputs(NamedTuple):
    """The outputs of FindPeople."""

    clips: beam.PCollection[ClipRef]  # with their person and split
    outcomes: beam.PCollection[WindowOutcome]  # without the clips that were dropped
    track_rows: beam.PCollection[TrackRow]  # with embeddings
    sources: beam.PCollection[SourceSplit]
    alike: beam.PCollection[AlikePeople]
    decisions: beam.PCollection[DecisionRow]
    failures: beam.PCollection[FailureRow]


@dataclass
class FindPeople(beam.PTransform):
    """Give every clip its person and its split, from all clips and all sources.

    From {"clips": ClipRef, "outcomes": WindowOutcome, "tracks": TrackRow, "facts": SourceFacts}, and "recorded":
    FoundTrack, those of the dataset that these are added to.
    """

    config: PeopleConfig
    results: StageResults
    staging: str
    fail_fast: bool = False
    store: StoreOptions = DEFAULT_STORE

    def expand(self, found: dict[str, beam.PCollection[Any]]) -> FindPeopleOutputs:
        """Build the stage."""
        clips, tracks = found["clips"], found["tracks"]
        complete, failures = self._complete(clips, tracks)
        names = found["facts"] | "Names" >> beam.Map(_names).with_output_types(SourcePerson)
        compare = beam.ParDo(_Compare(self.config)).with_outputs("sources", "alike", main="tracks")
        people = (
            ((complete.found, found["recorded"], names) | "All" >> beam.Flatten())
            | "Together" >> beam.Map(_together).with_output_types(tuple[int, FoundTrack | SourcePerson])
            | "OneWorker" >> beam.GroupByKey()
            | "Compare" >> compare
        )
        people = with_kinds(people, tracks=PlacedTrack, sources=SourceSplit, alike=AlikePeople)
        placed = (
            ((clips, people.tracks) | "Both" >> beam.Flatten())
            | "PlacedByTrack" >> beam.Map(_by_track).with_output_types(tuple[str, ClipRef | PlacedTrack])
            | "JoinClips" >> beam.GroupByKey()
            | "Place" >> beam.FlatMapTuple(_placed).with_outputs("lost", "decisions", main="clips")
        )
        placed = with_kinds(placed, clips=ClipRef, lost=ClipRef, decisions=DecisionRow)
        ended = {"outcomes": found["outcomes"], "lost": placed.lost}
        outcomes = ended | "WithoutLost" >> WithoutLost(STAGE, self.staging)
        return FindPeopleOutputs(
            placed.clips, outcomes, complete.rows, people.sources, people.alike, placed.decisions, failures
        )

    def _complete(
        self, clips: beam.PCollection[ClipRef], tracks: beam.PCollection[TrackRow]
    ) -> tuple[beam.pvalue.DoOutputsTuple, beam.PCollection[FailureRow]]:
        """The rows of tracks with embeddings, and those that have clips as they are compared."""
        choose = functools.partial(track_clips, self.config.faces)
        chosen = (
            clips
            | "ClipsByTrack" >> beam.Map(_by_track).with_output_types(tuple[str, ClipRef])
            | "OfTrack" >> beam.GroupByKey()
            | "Choose" >> beam.MapTuple(choose).with_output_types(TrackClips)
        )
        faces, failures = self._embedded(chosen)
        joined = tuple[str, TrackRow | TrackClips | TrackFace]
        complete = (
            ((tracks, chosen, faces) | "Tracks" >> beam.Flatten())
            | "ByTrack" >> beam.Map(_by_track).with_output_types(joined)
            | "JoinTracks" >> beam.GroupByKey()
            | "Complete" >> beam.FlatMapTuple(_complete).with_outputs("found", main="rows")
        )
        return with_kinds(complete, rows=TrackRow, found=FoundTrack), failures

    def _embedded(self, chosen: beam.PCollection[TrackClips]) -> tuple[beam.PCollection, beam.PCollection]:
        """The faces of tracks, and failures; none with `none`."""
        if not self.config.is_on:
            nothing = chosen.pipeline | "NoFaces" >> beam.Create([]).with_output_types(TrackFace)
            return nothing, chosen.pipeline | "NoFailures" >> beam.Create([]).with_output_types(FailureRow)
        guarded = chosen | "Embed" >> Guarded(
            work=_Embed(self.config),
            stage=STAGE,
            place=_place,
            fail_fast=self.fail_fast,
            staging=self.staging,
            store=self.store,
            memory=FaceMemory(results=self.results),
        )
        return guarded.results, guarded.failures


@dataclass
class ReadRecordedTracks(beam.PTransform):
    """The tracks with clips that a dataset holds, from the parts of its tables of tracks and clips."""

    output: str
    parts: tuple[str, ...]  # paths below the dataset
    store: StoreOptions = DEFAULT_STORE

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[FoundTrack]:
        """Build the stage."""
        return (
            begin
            | beam.Create(list(self.parts)).with_output_types(str)
            | beam.Reshuffle()
            | "Read" >> beam.FlatMap(_ReadPart(self.output, self.store)).with_output_types(FoundTrack)
            | "ByTrack" >> beam.Map(_by_track).with_output_types(tuple[str, FoundTrack])
            | beam.GroupByKey()
            | "Join" >> beam.FlatMapTuple(recorded_track).with_output_types(FoundTrack)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceMemory(Memory):
    """An embedding follows from the bytes of the clips that give the faces."""

    def key(self, element: TrackClips) -> str:
        """See Memory."""
        return self.results.key(*(ref.sha256 for ref in element.chosen))


class _Embed(beam.DoFn):
    def __init__(self, config: PeopleConfig):
        self._config = config

    def setup(self) -> None:
        self._network = load_face_network(self._config.network, "--people")

    def process(self, track: TrackClips) -> Iterator[TrackFace]:
        assert self._network is not None  # `none` has no embeddings
        clips = [opened_clip(ref, made_range(ref.pack_uri, ref.offset, ref.length)) for ref in track.chosen]
        vector = embed_track(clips, self._config.faces, self._network)
        yield TrackFace(track_id=track.track_id, embedding=vector.tobytes())


def _place(track: TrackClips) -> Place:
    """The source that a failure row names. The window has its clips all the same, so none is named."""
    row = track.chosen[0].row
    return Place(row.source_id, row.source_uri)


def _by_track(one: Any) -> tuple[str, Any]:
    return one.row.track_id if isinstance(one, ClipRef) else one.track_id, one


def _complete(_track_id: str, found: Iterable[TrackRow | TrackClips | TrackFace]) -> Iterator[Any]:
    """A track's row with its embedding, and what is compared with other tracks."""
    every = list(found)
    embedding = next((one.embedding for one in every if isinstance(one, TrackFace)), b"")
    num_clips = next((one.num_clips for one in every if isinstance(one, TrackClips)), 0)
    for row in every:
        if not isinstance(row, TrackRow):
            continue
        yield replace(row, face_embedding=tuple(np.frombuffer(embedding, np.float32).tolist()))
        if num_clips:
            yield beam.pvalue.TaggedOutput(
                "found",
                FoundTrack(
                    track_id=row.track_id,
                    source_id=row.source_id,
                    num_clips=num_clips,
                    start_frame=row.start_frame,
                    end_frame=row.end_frame,
                    embedding=embedding,
                ),
            )


def _names(facts: SourceFacts) -> SourcePerson:
    source = facts.source
    return SourcePerson(
        source_id=source.source_id, speaker=source.speaker, group=source.group, given_split=source.given_split
    )


def _together(one: FoundTrack | SourcePerson) -> tuple[int, FoundTrack | SourcePerson]:
    return 0, one


class _Compare(beam.DoFn):
    """Compares all tracks at once."""

    def __init__(self, config: PeopleConfig):
        self._config = config

    def process(self, all_of_one_key: tuple[int, Iterable[FoundTrack | SourcePerson]]) -> Iterator[Any]:
        tracks, sources = list[FoundTrack](), list[SourcePerson]()
        for one in all_of_one_key[1]:
            (tracks if isinstance(one, FoundTrack) else sources).append(one)  # type: ignore[arg-type]  # by its class
        people = find_people(tracks, sources, self._config.distance)
        count(STAGE, "people", len({track.person_id for track in people.tracks} - {""}))
        yield from people.tracks
        yield from (beam.pvalue.TaggedOutput("sources", one) for one in people.sources)
        yield from (beam.pvalue.TaggedOutput("alike", one) for one in people.alike)


def _placed(_track_id: str, found: Iterable[ClipRef | PlacedTrack]) -> Iterator[Any]:
    """The clips of one track with their person and split; those that contradict it are lost."""
    every = list(found)
    (place,) = (one for one in every if isinstance(one, PlacedTrack))
    for clip in every:
        if not isinstance(clip, ClipRef):
            continue
        row = replace(
            clip.row,
            person_id=place.person_id,
            person_confidence=place.person_confidence,
            split=place.split,
            split_unit=place.split_unit,
        )
        log = DecisionLog(stage=STAGE, source_id=row.source_id)
        is_kept = log.keeps(clip.key, "clip", place.conflict, CLIP_RULES)
        yield from (beam.pvalue.TaggedOutput("decisions", decision) for decision in log.rows)
        count(STAGE, "clips" if is_kept else f"dropped_{CLIP_RULES[0].name}")
        ref = replace(clip, split=row.split, row=row)
        yield ref if is_kept else beam.pvalue.TaggedOutput("lost", ref)


class _ReadPart:
    def __init__(self, output: str, store: StoreOptions):
        self._output, self._store = output, store

    def __call__(self, part: str) -> Iterator[FoundTrack]:
        self._store.use()
        with storage.reading(storage.join(self._output, part)) as stream:
            for batch in read_batches(stream, list(columns_of_part(part))):
                yield from tracks_of_batch(batch)
