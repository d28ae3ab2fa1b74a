"""The row of one source: its facts, and how each of its windows ended."""

from typing import TypedDict

from schemas.clock import seconds_from_frames
from schemas.media import AudioStream, ListedVideo, MediaProbe, VideoColour
from schemas.records import SourceFacts, SourceSplit, WindowOutcome
from schemas.tables import FailureRow, SourceRow


class _GapColumns(TypedDict):
    """The columns of a source that say where its timeline has no image."""

    image_gap_s: float
    timeline_parts: int


class _LookColumns(TypedDict):
    """The columns of a source that say how its frames look before they are turned and mapped to SDR."""

    rotation_deg: int
    is_mirrored: bool
    pixel_format: str
    bit_depth: int
    transfer: str
    primaries: str
    colour_matrix: str
    value_range: str
    peak_nits: float


class _StreamColumns(TypedDict):
    """The columns of a source that come from its probe."""

    container: str
    video_codec: str
    video_decoder: str
    video_streams: tuple[str, ...]
    video_stream: int
    width: int
    height: int
    source_fps: float
    sounds: tuple[str, ...]
    sound_stream: int
    sound_start_s: float
    audio_decoder: str
    audio_channels: tuple[int, ...]
    audio_mix: str


def source_row(
    facts: SourceFacts, outcomes: list[WindowOutcome], num_failures: int, split: SourceSplit | None = None
) -> SourceRow:
    """The row of one source. The checks find a window without an outcome, or with two, by its unequal counts.

    split: that of its clips; None: as its own names have it.
    """
    source = facts.source
    counted = _counted(outcomes, facts.num_windows)
    ended = {name: sum(one.outcome == name for one in counted) for name in ("clips", "decided", "failed")}
    num_clips = sum(one.num_clips for one in counted)
    return SourceRow(
        source_id=source.source_id,
        content_sha256=source.content_sha256,
        uris=source.stored_names,
        size_bytes=source.size_bytes,
        **_stream_columns(facts.probe),
        **_look_columns(facts.probe),
        duration_s=seconds_from_frames(facts.num_frames),
        **_gap_columns(facts.probe),
        speech_s=facts.speech_s,
        speaker=source.speaker,
        group=source.group,
        split=(split or source).split,
        split_unit=(split or source).split_unit,
        licence=source.licence,
        consent=source.consent,
        language=source.language,
        num_windows=facts.num_windows,
        windows_done=ended["clips"],
        windows_decided=ended["decided"],
        windows_failed=ended["failed"],
        damaged_frames=sum(one.damaged_frames for one in counted),
        smallest_face_px=max((one.smallest_face_px for one in counted), default=0.0),
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
        "video_decoder": video.decoder if video else "",
        "video_streams": tuple(_video_text(one) for one in probe.video_streams) if probe else (),
        "video_stream": video.index if video else -1,
        "width": video.width if video else 0,
        "height": video.height if video else 0,
        "source_fps": float(video.average_rate) if video else 0.0,
        "sounds": tuple(_audio_text(one) for one in probe.audio_streams) if probe else (),
        "sound_stream": audio.index if audio else -1,
        "sound_start_s": audio.start_s if audio else 0.0,
        "audio_decoder": audio.decoder if audio else "",
        "audio_channels": probe.audio_mix.channels if probe else (),
        "audio_mix": probe.audio_mix.reason if probe else "",
    }


def _look_columns(probe: MediaProbe | None) -> _LookColumns:
    video = probe.video if probe else None
    colour = video.colour if video else VideoColour(bit_depth=0)
    return {
        "rotation_deg": video.rotation_deg if video else 0,
        "is_mirrored": video.is_mirrored if video else False,
        "pixel_format": colour.pixel_format,
        "bit_depth": colour.bit_depth,
        "transfer": colour.transfer,
        "primaries": colour.primaries,
        "colour_matrix": colour.matrix,
        "value_range": colour.value_range,
        "peak_nits": colour.peak_nits,
    }


def _gap_columns(probe: MediaProbe | None) -> _GapColumns:
    video = probe.video if probe else None
    return {
        "image_gap_s": seconds_from_frames(video.gap_frames) if video else 0.0,
        "timeline_parts": video.num_parts if video else 0,
    }


def _audio_text(audio: AudioStream) -> str:
    text = f"{audio.index} {audio.codec} {audio.sample_rate_hz} Hz {audio.num_channels} ch {audio.language or '-'}"
    return text + _programmes_text(audio.programmes)


def _video_text(video: ListedVideo) -> str:
    text = f"{video.index} {video.codec} {video.width} x {video.height} px{' still image' if video.is_still else ''}"
    return text + _programmes_text(video.programmes)


def _programmes_text(programmes: tuple[int, ...]) -> str:
    return f" programme {'+'.join(str(number) for number in programmes)}" if programmes else ""
