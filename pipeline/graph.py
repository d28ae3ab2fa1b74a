"""The graph of a build: raw videos to a dataset, on one screen."""

from typing import Any

import apache_beam as beam

from pipeline.find_sources import find_sources
from pipeline.finish import Finish
from pipeline.plan import BuildPlan
from pipeline.redo import count_attempts, other_rows, place_clips, recorded_tracks, stored_clips
from pipeline.stage_results import work_results
from pipeline.takedown.honor import honored_rows
from schemas.records import AlikePeople, SourceFacts
from schemas.tables import TrackRow
from transforms.clips.stage import CutClips, CutClipsOutputs
from transforms.copies.stage import FindCopies, FindCopiesOutputs
from transforms.faces.face_counter import FaceCounter
from transforms.faces.stage import TrackFaces
from transforms.manifests.stage import CommitDataset, MakeSourceRows, WriteManifests
from transforms.manifests.verdict import Verdict
from transforms.media.canonical import CanonicalFace
from transforms.people.stage import FindPeople, FindPeopleOutputs
from transforms.prepare.stage import PrepareVideos
from transforms.shards.stage import WriteShards
from transforms.speakers.stage import FindSpeakers
from transforms.transcripts.stage import AddTranscripts
from transforms.windows.stage import SplitWindows


def build_graph(pipeline: beam.Pipeline, plan: BuildPlan) -> beam.PCollection[Verdict]:
    """Build the graph from raw videos to shards, manifests and, where everything adds up, dataset.json."""
    recipe, store = plan.recipe, plan.store
    run = (plan.staging, plan.fail_fast, store)
    faces, work = recipe.faces, work_results(plan.work, recipe)
    canonical = CanonicalFace(image_px=recipe.clips.image_px, margin=recipe.clips.margin)

    hashed, known = find_sources(pipeline, plan, work.hashes)
    prepared = hashed.sources | "PrepareVideos" >> PrepareVideos(
        recipe.audio, recipe.speech, recipe.limits, work.prepared, *run, recipe.video, FaceCounter(faces)
    )
    split = prepared.videos | "SplitWindows" >> SplitWindows(plan.staging, recipe.speech.min_speech_s, store)
    tracked = split.windows | "TrackFaces" >> TrackFaces(
        faces, canonical, recipe.limits, work.tracked, (work.judged, work.cut), *run
    )
    spoken = tracked.faces | "FindSpeakers" >> FindSpeakers(
        recipe.speakers, faces.min_box_px, faces.min_track_s, recipe.clips.min_s, faces.max_faces, work.judged, *run
    )
    cut = spoken.turns | "CutClips" >> CutClips(recipe.clips, work.cut, plan.keeps_tubes, *run, taken=plan.takedowns)
    facts = (hashed.ended, prepared.ended, split.facts) | "Facts" >> beam.Flatten()
    unique, people = look_across_sources(pipeline, plan, cut, spoken.track_rows, facts)
    clips, placed_rows = place_clips(pipeline, plan, people.clips)
    written = clips | "WriteShards" >> WriteShards(plan.output, recipe.shards, store, plan.generation.number)

    working = (hashed, prepared, tracked, spoken, cut, people)
    failures = [stage.failures for stage in working] | "Failed" >> beam.Flatten()
    failures = count_attempts(pipeline, plan, failures)
    judging = (hashed, prepared, split, spoken, cut, unique, people)
    decisions = [stage.decisions for stage in judging] | "Decisions" >> beam.Flatten()
    outcomes = (split.outcomes, people.outcomes) | "Outcomes" >> beam.Flatten()
    ended = {"facts": facts, "splits": people.sources, "outcomes": outcomes, "failures": failures}
    source_rows = ended | "SourceRows" >> MakeSourceRows()
    kinds = (source_rows, people.track_rows, written.clip_rows, written.shard_rows, decisions, failures)
    rows = (*kinds, *placed_rows, *other_rows(pipeline, plan), *honored_rows(pipeline, plan)) | "Rows" >> beam.Flatten()
    return finish(plan, rows, known=known, alike=people.alike)


def look_across_sources(
    pipeline: beam.Pipeline,
    plan: BuildPlan,
    cut: CutClipsOutputs,
    tracks: beam.PCollection[TrackRow],
    facts: beam.PCollection[SourceFacts],
) -> tuple[FindCopiesOutputs, FindPeopleOutputs]:
    """The part of the graph that compares the clips of all sources: copies leave, and people and splits are found."""
    recipe, work = plan.recipe, work_results(plan.work, plan.recipe)
    cut_and_stored = {"clips": cut.clips, "outcomes": cut.outcomes, **stored_clips(pipeline, plan)}
    unique = cut_and_stored | "FindCopies" >> FindCopies(recipe.copies, plan.staging)
    said = unique.clips | "AddTranscripts" >> AddTranscripts(recipe.transcripts, work.transcripts, plan.store)
    of_dataset = {
        **{"clips": said, "outcomes": unique.outcomes, "tracks": tracks, "facts": facts},
        "recorded": recorded_tracks(pipeline, plan),
    }
    people = of_dataset | "FindPeople" >> FindPeople(
        recipe.people, work.people, plan.staging, plan.fail_fast, plan.store
    )
    return unique, people


def finish(
    plan: BuildPlan,
    rows: beam.PCollection[Any],
    known: beam.PCollection[int],
    alike: beam.PCollection[AlikePeople] | None = None,
) -> beam.PCollection[Verdict]:
    """The end of every graph: write the rows as manifests, check and publish them, and write the pages."""
    limits = (plan.num_inputs, plan.max_bugs, plan.max_failed_share)
    parts = rows | "WriteManifests" >> WriteManifests(plan.output, plan.store, plan.generation.number)
    verdict = {
        "parts": parts,
        "known": known,
        **({"alike": alike} if alike is not None else {}),
    } | "CommitDataset" >> CommitDataset(plan.output, *limits, plan.run, plan.store, plan.generation)
    return verdict | "Finish" >> Finish(
        plan.output, plan.owner, not plan.is_local, plan.keeps_work, plan.store, plan.generation.number
    )
