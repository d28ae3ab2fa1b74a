"""One source to a Video: probe it, put its frame times and its audio into staging, find its speech."""

import itertools
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import soundfile

from schemas.clock import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME, num_timeline_frames
from schemas.decisions import DecisionLog, Rule
from schemas.media import MediaProbe, Timeline
from schemas.records import Source, SourceFacts, SpeechTurn, Video
from schemas.tables import DecisionRow
from transforms.media.audio import decode_audio, flac_writer
from transforms.media.audio_choice import choose_audio
from transforms.media.config import DYNAMIC_RANGES, AudioConfig, LimitsConfig, VideoConfig
from transforms.media.speech_seconds import speech_seconds
from transforms.media.timeline_file import timeline_bytes
from transforms.media.video_choice import FaceCount, choose_video
from transforms.prepare.speech_models import SpeechModel

STAGE = "PrepareVideos"
DEFAULT_VIDEO = VideoConfig()

_STREAM_RULES: tuple[Rule[SourceFacts], ...] = (
    Rule(name="has_video", comparison="exists", value=lambda facts: facts.num_frames > 0),
    Rule(
        name="has_audio",
        comparison="exists",
        value=lambda facts: facts.probe is not None and facts.probe.audio_index >= 0,
    ),
    Rule(
        name="dynamic_range",
        comparison="in",
        value=lambda facts: facts.probe.used_video.colour.dynamic_range if facts.probe else None,
        setting="video.dynamic_range",
    ),
)
_SPEECH_RULES: tuple[Rule[SourceFacts], ...] = (
    Rule(
        name="has_speech", comparison=">=", value=lambda facts: facts.speech_s, setting="speech.min_speech_s", unit="s"
    ),
)
SOURCE_RULES = _STREAM_RULES + _SPEECH_RULES
"""The rules for a source, in order. The audio is decoded only of a source that passes those of its streams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedVideo:
    """The outcome of one source: a Video, or the rule that dropped it."""

    video: Video | None  # None where a rule dropped it
    facts: SourceFacts  # without windows
    decisions: tuple[DecisionRow, ...]


def prepare_video(
    source: Source,
    path: str,
    speech_model: SpeechModel,
    *,
    limits: LimitsConfig,
    audio: AudioConfig,
    min_speech_s: float,
    publish: Callable[[str, str], str],
    video: VideoConfig = DEFAULT_VIDEO,
    count_faces: FaceCount | None = None,
) -> PreparedVideo:
    """Prepare the source whose content lies at `path`.

    publish(suffix, path): keeps a file, returns its uri. count_faces: see choose_video. MediaError: it is unusable.
    """
    probe, timeline = choose_video(path, limits, audio, video.stream, count_faces)
    num_frames = 0 if timeline is None else num_timeline_frames(timeline.presentation_ticks, timeline.time_base)
    facts = SourceFacts(source=source, probe=probe, num_frames=num_frames, num_windows=0, speech_s=0.0)
    thresholds: dict[str, float | tuple[str, ...]] = {
        "speech.min_speech_s": min_speech_s,
        "video.dynamic_range": DYNAMIC_RANGES[video.dynamic_range],
    }
    log = DecisionLog(stage=STAGE, source_id=source.source_id, settings=thresholds)
    prepared = None
    if log.keeps(source.source_id, "source", facts, _STREAM_RULES, SOURCE_RULES) and timeline is not None:
        probe = choose_audio(path, probe, audio, timeline.zero_s, num_frames * SAMPLES_PER_FRAME)
        turns, audio_uri = _find_speech(path, probe, timeline, num_frames, speech_model, publish)
        facts = replace(facts, probe=probe, speech_s=speech_seconds(turns, 0, num_frames * SAMPLES_PER_FRAME))
        if log.keeps(source.source_id, "source", facts, _SPEECH_RULES, SOURCE_RULES):
            prepared = Video(
                source=source,
                probe=probe,
                num_frames=num_frames,
                audio_uri=audio_uri,
                speech=turns,
                timeline_uri=_publish_timeline(timeline, publish),
                speech_model=speech_model.name,
            )
    return PreparedVideo(video=prepared, facts=facts, decisions=tuple(log.rows))


def _find_speech(
    path: str,
    probe: MediaProbe,
    timeline: Timeline,
    num_frames: int,
    speech_model: SpeechModel,
    publish: Callable[[str, str], str],
) -> tuple[tuple[SpeechTurn, ...], str]:
    """Decode the audio once, block by block, into the FLAC and into the speech model: turns, and the FLAC's uri."""
    stream = probe.audio_streams[probe.audio_index]
    blocks = decode_audio(path, stream.index, timeline.zero_s, num_frames * SAMPLES_PER_FRAME, probe.audio_mix)
    with tempfile.TemporaryDirectory(prefix="talkshard-") as folder:
        flac_path = os.path.join(folder, "audio.flac")
        with flac_writer(flac_path) as flac:
            turns = speech_model.find_speech(_written(blocks, flac))
        return turns, publish(".flac", flac_path)


def _written(blocks: Iterable[np.ndarray], flac: soundfile.SoundFile) -> Iterator[np.ndarray]:
    """The audio in blocks of a second at least, each written before it is handed on."""
    held: list[np.ndarray] = []
    for block in itertools.chain(blocks, [None]):
        if block is not None:
            held.append(block)
        if held and (block is None or sum(map(len, held)) >= SAMPLE_RATE_HZ):
            joined = np.concatenate(held)
            held = []
            flac.write(joined)
            yield joined


def _publish_timeline(timeline: Timeline, publish: Callable[[str, str], str]) -> str:
    with tempfile.TemporaryDirectory(prefix="talkshard-") as folder:
        path = os.path.join(folder, "timeline.npz")
        with open(path, "wb") as file:
            file.write(timeline_bytes(timeline))
        return publish(".npz", path)
