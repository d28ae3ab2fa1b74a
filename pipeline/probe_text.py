"""A probed file as text: streams, frame times, speech, faces, and what build would do with it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.config import Recipe
from pipeline.plural import number_of
from schemas.clock import FRAME_RATE
from schemas.media import AudioStream, ListedVideo, MediaProbe, Timeline, VideoStream
from schemas.tables import DecisionRow

_MIN_START_S = 0.0005  # an audio stream that starts closer to the video's start is not late


@dataclass(frozen=True, slots=True, kw_only=True)
class FacesInFrame:
    """The faces that the detector found in one frame."""

    time_s: float
    decoded: bool
    sides_px: tuple[float, ...]  # each face's shorter side, largest first


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProbe:
    """The result of probing a file."""

    media: MediaProbe
    timeline: Timeline | None
    num_frames: int  # timeline frames, 25 a second
    speech_s: float
    num_turns: int
    num_windows: int
    windows_with_speech: int
    decisions: tuple[DecisionRow, ...]
    frames: tuple[FacesInFrame, ...]  # in which faces were detected


def probe_lines(name: str, probe: FileProbe, recipe: Recipe) -> list[str]:
    """Describe everything that was found, and at the end what build would do."""
    return [
        f"{name}",
        *_media_lines(probe),
        *_speech_lines(probe),
        *_face_lines(probe),
        f"build: {what_build_does(probe, recipe)}",
    ]


def what_build_does(probe: FileProbe, recipe: Recipe) -> str:
    """Say what build would do with the file, and which rule would drop it."""
    ended = [row for row in probe.decisions if not row.kept and row.subject_kind == "source"]
    if ended:
        return f"no clips: the file is dropped by rule {ended[0].rule} of {ended[0].stage}{_comparison(ended[0])}"
    if not probe.windows_with_speech:
        return "no clips: rule has_speech of SplitWindows drops every window, as none has enough speech"
    smallest = recipe.faces.min_box_px
    with_faces = [frame for frame in probe.frames if frame.sides_px]
    track = f"track faces in {probe.windows_with_speech} of {number_of(probe.num_windows, 'window')}"
    if not with_faces:
        return f"{track}; but none of the {len(probe.frames)} frames that were searched shows a face"
    if max(frame.sides_px[0] for frame in with_faces) < smallest:
        return f"{track}; but all detected faces are smaller than faces.min_box_px, {smallest:g} px"
    num_several = sum(len(frame.sides_px) > 1 for frame in with_faces)
    several = f" ({num_several} of {len(with_faces)} frames with faces show several)" if num_several else ""
    if recipe.speakers.network == "none":
        return f"{track}; take the only face of a window for the speaker, without a sync network{several}"
    return f"{track}; find the speakers with the sync network{several}"


def _media_lines(probe: FileProbe) -> Iterator[str]:
    media = probe.media
    yield f"container: {media.container}, {media.duration_s:.2f} s"
    yield f"video: {_video_text(media.video) if media.video else 'none (cover art does not count)'}"
    if media.video and probe.timeline:
        yield f"time: {_timeline_text(probe.timeline, probe.num_frames)}"
    for listed in media.video_streams:
        if not media.video or listed.index != media.video.index:
            yield f"video: {_unused_text(listed)}"
    for place, audio in enumerate(media.audio_streams):
        is_used = place == media.audio_index or audio.index in media.audio_mix.other_streams
        yield f"audio: {_audio_text(audio, is_used)}"
        if place == media.audio_index and media.audio_mix.channels:
            channels = ", ".join(str(channel) for channel in media.audio_mix.channels)
            yield f"channels used: {channels} of {audio.num_channels}: {media.audio_mix.reason}"
    if media.audio_mix.other_streams:
        yield f"streams mixed: {media.audio_mix.reason}"
    if not media.audio_streams:
        yield "audio: none"


def _video_text(video: VideoStream) -> str:
    is_scaled = (video.width, video.height) != (video.coded_width, video.coded_height)
    stored = f" (stored as {video.coded_width} x {video.coded_height})" if is_scaled else ""
    rotated = f", rotated by {video.rotation_deg} degrees" if video.rotation_deg else ""
    mirrored = ", mirrored" if video.is_mirrored else ""
    hdr = f", {video.colour.dynamic_range.upper()} mapped to SDR" if video.colour.dynamic_range != "sdr" else ""
    return (
        f"stream {video.index}, {_codec_text(video.codec, video.decoder)}, "
        f"{video.width} x {video.height} px{stored}{rotated}{mirrored}{hdr}, "
        f"{float(video.average_rate):.3f} frames/s, {video.num_frames} frames"
    )


def _unused_text(video: ListedVideo) -> str:
    kind = "a still image" if video.is_still else "not used"
    return f"stream {video.index}, {kind}, {video.codec}, {video.width} x {video.height} px"


def _codec_text(codec: str, decoder: str) -> str:
    """The codec, with the decoder where that has another name."""
    return codec if decoder == codec else f"{codec} (decoder: {decoder or 'none'})"


def _audio_text(audio: AudioStream, is_used: bool) -> str:
    when = "after" if audio.start_s > 0 else "before"
    start = f", starts {abs(audio.start_s):.3f} s {when} the video" if abs(audio.start_s) >= _MIN_START_S else ""
    language = f", {audio.language}" if audio.language else ""
    return (
        f"stream {audio.index}, {'used' if is_used else 'not used'}, {_codec_text(audio.codec, audio.decoder)}, "
        f"{audio.sample_rate_hz} Hz, "
        f"{number_of(audio.num_channels, 'channel')}{language}{start}"
    )


def _timeline_text(timeline: Timeline, num_frames: int) -> str:
    """Say whether frames come at a constant rate, and how many they become at 25 per second."""
    tick_ms = float(timeline.time_base) * 1000
    steps_ms = np.diff(timeline.presentation_ticks) * tick_ms
    # Containers round times to their ticks: a difference of one tick is no variable rate.
    is_constant = len(steps_ms) == 0 or np.ptp(steps_ms) <= 2 * tick_ms + 1e-6
    variable = "" if is_constant else f"variable rate, {steps_ms.min():.1f} to {steps_ms.max():.1f} ms per frame"
    num_source_frames, num_keys = len(timeline.presentation_ticks), int(timeline.key_frames.sum())
    return (
        f"{variable or 'constant rate'}; {num_source_frames} frames become {num_frames} at {FRAME_RATE} per second; "
        f"{number_of(num_keys, 'key frame')}"
    )


def _speech_lines(probe: FileProbe) -> Iterator[str]:
    if probe.media.audio_streams and probe.num_frames:
        share = probe.speech_s / max(probe.media.duration_s, 0.04)
        yield f"speech: {probe.speech_s:.1f} s ({share:.0%}) in {number_of(probe.num_turns, 'turn')}"
    if probe.num_windows:
        yield f"windows: {probe.num_windows}, {probe.windows_with_speech} with speech"


def _face_lines(probe: FileProbe) -> Iterator[str]:
    for frame in probe.frames:
        found = (
            f"{len(frame.sides_px)}, " + ", ".join(f"{side:.0f} px" for side in frame.sides_px)
            if frame.sides_px
            else "none"
        )
        yield f"faces at {frame.time_s:.2f} s: {found if frame.decoded else 'the image cannot be decoded'}"


def _comparison(row: DecisionRow) -> str:
    if row.value is None:
        return ""
    return f" ({row.value:.2f} {row.unit}, must be {row.comparison} {row.threshold:g})"
