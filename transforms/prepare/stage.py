"""PrepareVideos: sources to videos with their frame times, audio and speech in staging.

It is guarded, because native decoders crash and hang on bad files.
"""

import functools
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import apache_beam as beam

from schemas.records import Source, SourceFacts, Video
from schemas.tables import DecisionRow, FailureRow
from transforms.beam_support.coders import use_record_coders, with_kinds
from transforms.beam_support.counters import count
from transforms.beam_support.failure_rows import Place
from transforms.beam_support.guard import Guarded
from transforms.beam_support.progress_marks import ProgressMark, leave_mark
from transforms.beam_support.results import Memory, StageResults
from transforms.beam_support.storage import exists, local_path, open_once
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.beam_support.unchanged import unchanged
from transforms.media.config import AudioConfig, LimitsConfig, VideoConfig
from transforms.media.video_choice import FaceCount
from transforms.prepare.config import SpeechConfig
from transforms.prepare.prepare_video import DEFAULT_VIDEO, STAGE, PreparedVideo, prepare_video
from transforms.prepare.speech_models import load_speech_model

use_record_coders(PreparedVideo)


class PrepareVideosOutputs(NamedTuple):
    """Outputs of PrepareVideos."""

    videos: beam.PCollection[Video]
    ended: beam.PCollection[SourceFacts]  # sources that end here: dropped by a rule, or failed
    decisions: beam.PCollection[DecisionRow]
    failures: beam.PCollection[FailureRow]


@dataclass
class PrepareVideos(beam.PTransform):
    """Probe each source, choose its streams, decode its audio once, find its speech."""

    audio: AudioConfig
    speech: SpeechConfig
    limits: LimitsConfig
    results: StageResults
    staging: str
    fail_fast: bool = False
    store: StoreOptions = DEFAULT_STORE
    video: VideoConfig = DEFAULT_VIDEO
    count_faces: FaceCount | None = None  # chooses one of several video streams; None: the default one is used

    def expand(self, sources: beam.PCollection[Source]) -> PrepareVideosOutputs:
        """See beam.PTransform."""
        memory = _PrepareMemory(results=self.results)
        work = _Prepare(self.audio, self.speech, self.limits, memory, self.video, self.count_faces)
        guarded = sources | "Prepare" >> Guarded(
            work=work,
            stage=STAGE,
            place=_place_of,
            use_subprocess=True,
            cpu_s=self.limits.prepare_s,
            memory_mb=self.limits.memory_mb,
            fail_fast=self.fail_fast,
            staging=self.staging,
            store=self.store,
            fetch=_uri_of,
            memory=memory,
        )
        part = beam.ParDo(_Part(self.staging)).with_outputs("ended", "decisions", main="videos")
        parts = with_kinds(guarded.results | "Part" >> part, videos=Video, ended=SourceFacts, decisions=DecisionRow)
        failed = (
            (sources, guarded.failures)
            | "Both" >> beam.Flatten()
            | "Key" >> beam.Map(_by_source).with_output_types(tuple[str, Source | FailureRow])
            | beam.GroupByKey()
            | "Failed" >> beam.FlatMapTuple(_failed).with_output_types(SourceFacts)
        )
        ended = (parts.ended, failed) | "Ended" >> beam.Flatten()
        return PrepareVideosOutputs(parts.videos, ended, parts.decisions, guarded.failures)


class _PrepareMemory(Memory):
    def key(self, element: Source) -> str:
        return self.results.key(element.content_sha256)

    def nameless(self, record: PreparedVideo) -> PreparedVideo:
        return self._with(record, record.facts.source.nameless(), "-", "-")

    def adopted(self, record: PreparedVideo, element: Source, key: str) -> PreparedVideo:
        return self._with(record, element, self.results.uri(key, ".npz"), self.results.uri(key, ".flac"))

    def is_whole(self, key: str, records: tuple[PreparedVideo, ...]) -> bool:
        is_used = any(record.video is not None for record in records)
        return not is_used or all(exists(self.results.uri(key, suffix)) for suffix in (".npz", ".flac"))

    def _with(self, record: PreparedVideo, source: Source, timeline_uri: str, audio_uri: str) -> PreparedVideo:
        facts = replace(record.facts, source=source)
        if record.video is None:
            return replace(record, facts=facts)
        video = replace(record.video, source=source, timeline_uri=timeline_uri, audio_uri=audio_uri)
        return replace(record, facts=facts, video=video)


class _Prepare(beam.DoFn):
    def __init__(
        self,
        audio: AudioConfig,
        speech: SpeechConfig,
        limits: LimitsConfig,
        memory: "_PrepareMemory",
        video: VideoConfig,
        count_faces: FaceCount | None,
    ):
        self._audio, self._speech, self._limits, self._memory = audio, speech, limits, memory
        self._video, self._count_faces = video, count_faces

    def setup(self) -> None:
        self._speech_model = load_speech_model(self._speech)

    def process(self, source: Source) -> Iterator[PreparedVideo]:
        key = self._memory.key(source)
        with unchanged(source):
            prepared = prepare_video(
                source,
                local_path(source.source_uri),
                self._speech_model,
                limits=self._limits,
                audio=self._audio,
                min_speech_s=self._speech.min_speech_s,
                publish=functools.partial(_publish, self._memory.results, key),
                video=self._video,
                count_faces=self._count_faces,
            )
        video = prepared.video and replace(prepared.video, result_key=key)
        yield replace(prepared, video=video)


class _Part(beam.DoFn):
    def __init__(self, staging: str):
        self._staging = staging

    def process(self, prepared: PreparedVideo) -> Iterator[Any]:
        for decision in prepared.decisions:
            yield beam.pvalue.TaggedOutput("decisions", decision)
        if prepared.video is not None:
            yield prepared.video
            return
        count(STAGE, f"dropped_{prepared.decisions[-1].rule}")
        dropped = sum(not row.kept for row in prepared.decisions)
        leave_mark(self._staging, ProgressMark(stage=STAGE, source_id=prepared.facts.source.source_id, dropped=dropped))
        yield beam.pvalue.TaggedOutput("ended", prepared.facts)


def _publish(results: StageResults, key: str, suffix: str, path: str) -> str:
    uri = results.uri(key, suffix)
    with open(path, "rb") as file, open_once(uri) as stream:
        shutil.copyfileobj(file, stream, 1 << 20)
    return uri


def _uri_of(source: Source) -> str:
    return source.source_uri


def _place_of(source: Source) -> Place:
    return Place(source.source_id, source.stored_name, read_from=source.source_uri)


def _by_source(one: Source | FailureRow) -> tuple[str, Source | FailureRow]:
    return one.source_id, one


def _failed(_: str, joined: Iterable[Source | FailureRow]) -> Iterator[SourceFacts]:
    """Facts of a source that failed: only its names are known."""
    found = list(joined)
    if any(isinstance(one, FailureRow) for one in found):
        for source in found:
            if isinstance(source, Source):
                yield SourceFacts(source=source, probe=None, num_frames=0, num_windows=0, speech_s=0.0)
