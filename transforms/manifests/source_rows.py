"""The row of one source: its facts, and how each of its windows ended."""

from typing import TypedDict

from schemas.clock import seconds_from_frames
from schemas.media import AudioStream, MediaProbe
from schemas.records import SourceFacts, WindowOutcome
from schemas.tables import FailureRow, SourceRow


class _StreamColumns(TypedDict):
    """The columns of a source that come from its probe."""

    container: str
    video_codec: str
    width: int
    height: int
    source_fps: float
    sounds: tuple[str, ...]
    sound_stream: int
    sound_start_s: float


def source_row(facts: SourceFacts, outcomes: list[WindowOutcome], num_failures: int) -> SourceRow:
    """The row of one source. The checks find a window without an outcome, or with two, by its unequal counts."""
    source = facts.source
    counted = _counted(outcomes, facts.num_windows)
    ended = {name: sum(one.outcome == name for one in counted) for name in ("clips", "decided", "failed")}
    num_clips = sum(one.num_clips for one in counted)
    return SourceRow(
        source_id=source.source_id,
        content_sha256=source.content_sha256,
        uris=source.uris,
        size_bytes=source.size_bytes,
        **_stream_columns(facts.probe),
        duration_s=seconds_from_frames(facts.num_frames),
        speech_s=facts.speech_s,
        speaker=source.speaker,
        group=source.group,
        split=source.split,
        split_unit=source.split_unit,
        licence=source.licence,
        consent=source.consent,
        language=source.language,
        num_windows=facts.num_windows,
        windows_done=ended["clips"],
        windows_decided=ended["decided"],
        windows_failed=ended["failed"],
        damaged_frames=sum(one.damaged_frames for one in counted),
        num_clips=num_clips,
        status="clips" if num_clips else "failed" if num_failures else "decided",
    )


def failed_outcomes(failures: list[FailureRow]) -> list[WindowOutcome]:
    """The outcomes of the windows that failures name; a failed window has no other."""
    windows = sorted({(row.source_id, row.window_index) for row in failures if row.window_index >= 0})
    return [
        WindowOutcome(source_id=source_id, window_index=window_index, outcome="failed", num_clips=0, damaged_frames=0)
        for source_id, window_index in windows
    ]


def _counted(outcomes: list[WindowOutcome], num_windows: int) -> list[WindowOutcome]:
    """All outcomes; if a window has none, repeated and unknown ones are left out, so that the counts show the gap."""
    first = {one.window_index: one for one in reversed(outcomes) if one.window_index in range(num_windows)}
    return outcomes if len(first) == num_windows else list(first.values())


def _stream_columns(probe: MediaProbe | None) -> _StreamColumns:
    video = probe.video if probe else None
    audio = probe.audio_streams[probe.audio_index] if probe and probe.audio_index >= 0 else None
    return {
        "container": probe.container if probe else "",
        "video_codec": video.codec if video else "",
        "width": video.width if video else 0,
        "height": video.height if video else 0,
        "source_fps": float(video.average_rate) if video else 0.0,
        "sounds": tuple(_audio_text(one) for one in probe.audio_streams) if probe else (),
        "sound_stream": audio.index if audio else -1,
        "sound_start_s": audio.start_s if audio else 0.0,
    }


def _audio_text(audio: AudioStream) -> str:
    return f"{audio.index} {audio.codec} {audio.sample_rate_hz} Hz {audio.num_channels} ch {audio.language or '-'}"
