"""A probed file in words: streams, time, speech, faces, and what build would do with it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.config import Recipe
from schemas.media import MediaProbe, Timeline
from schemas.tables import DecisionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class FacesInFrame:
    """What the detector found in one frame."""

    time_s: float
    decoded: bool
    sides_px: tuple[float, ...]  # each face's shorter side, largest first


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProbe:
    """All that probe found."""

    media: MediaProbe
    timeline: Timeline | None
    num_frames: int  # timeline frames, 25 a second
    speech_s: float
    num_turns: int
    num_windows: int
    windows_with_speech: int
    decisions: tuple[DecisionRow, ...]
    looks: tuple[FacesInFrame, ...]


def probe_lines(name: str, probe: FileProbe, recipe: Recipe) -> list[str]:
    """Everything found, one line each, and at the end what build would do."""
    return [
        f"{name}",
        *_media_lines(probe),
        *_speech_lines(probe),
        *_face_lines(probe),
        f"build: {what_build_does(probe, recipe)}",
    ]


def what_build_does(probe: FileProbe, recipe: Recipe) -> str:
    """What build would do with the file, and the rule that would end it."""
    ended = [row for row in probe.decisions if not row.kept and row.subject_kind == "source"]
    if ended:
        return f"a decision, no clips: rule {ended[0].rule} of {ended[0].stage}{_judged(ended[0])}"
    if not probe.windows_with_speech:
        return "a decision, no clips: rule has_speech of SplitWindows, in no window is enough speech"
    smallest = recipe.faces.min_box_px
    seen = [look for look in probe.looks if look.sides_px]
    follows = f"follow faces in {probe.windows_with_speech} of {_number(probe.num_windows, 'window')}"
    if not seen:
        return f"{follows}; but in none of the {len(probe.looks)} frames looked at is a face"
    if max(look.sides_px[0] for look in seen) < smallest:
        return f"{follows}; but all faces seen are smaller than faces.min_box_px, {smallest:g} px"
    crowd = sum(len(look.sides_px) > 1 for look in seen)
    several = f" ({crowd} of {len(seen)} frames with faces show several)" if crowd else ""
    if recipe.speakers.network == "none":
        return f"{follows}; keep voiced tracks unjudged where a window has a single face{several}"
    return f"{follows}; judge by sync who speaks{several}"


def _media_lines(probe: FileProbe) -> Iterator[str]:
    media, video = probe.media, probe.media.video
    yield f"container: {media.container}, {media.duration_s:.2f} s"
    if video is None:
        yield "picture: none (cover art is no moving image)"
    else:
        turned = f", turned {video.rotation_deg} degrees" if video.rotation_deg else ""
        stored = (
            ""
            if (video.width, video.height) == (video.coded_width, video.coded_height)
            else (f" (stored as {video.coded_width} x {video.coded_height})")
        )
        yield (
            f"picture: stream {video.index}, {video.codec}, {video.width} x {video.height} px{stored}{turned}, "
            f"{float(video.average_rate):.3f} frames/s, {video.num_frames} frames"
        )
        yield f"time: {_time_map(probe)}"
    for place, audio in enumerate(media.audio_streams):
        used = "used" if place == media.audio_index else "not used"
        late = (
            ""
            if abs(audio.start_s) < 0.0005
            else f", starts {abs(audio.start_s):.3f} s {'after' if audio.start_s > 0 else 'before'} the picture"
        )
        language = f", {audio.language}" if audio.language else ""
        yield (
            f"sound: stream {audio.index}, {used}, {audio.codec}, {audio.sample_rate_hz} Hz, "
            f"{_number(audio.num_channels, 'channel')}{language}{late}"
        )
    if not media.audio_streams:
        yield "sound: none"


def _time_map(probe: FileProbe) -> str:
    """Whether frames come at a constant rate, and how they map onto 25 a second."""
    ticks, keys = probe.timeline.presentation_ticks, probe.timeline.key_frames
    steps_ms = np.diff(ticks) * float(probe.timeline.time_base) * 1000
    # Containers round times to ticks of their own: a step more or less is no variable rate.
    tick_ms = float(probe.timeline.time_base) * 1000
    constant = len(steps_ms) == 0 or np.ptp(steps_ms) <= 2 * tick_ms + 1e-6
    rate = "constant rate" if constant else f"variable rate, {steps_ms.min():.1f} to {steps_ms.max():.1f} ms a frame"
    num_keys = _number(int(keys.sum()), "key frame")
    return f"{rate}; {len(ticks)} frames shown become {probe.num_frames} at 25 a second; {num_keys}"


def _speech_lines(probe: FileProbe) -> Iterator[str]:
    if probe.media.audio_streams and probe.num_frames:
        share = probe.speech_s / max(probe.media.duration_s, 0.04)
        yield f"speech: {probe.speech_s:.1f} s ({share:.0%}) in {_number(probe.num_turns, 'turn')}"
    if probe.num_windows:
        yield f"windows: {probe.num_windows}, {probe.windows_with_speech} with speech"


def _face_lines(probe: FileProbe) -> Iterator[str]:
    for look in probe.looks:
        found = (
            f"{len(look.sides_px)}, " + ", ".join(f"{side:.0f} px" for side in look.sides_px)
            if look.sides_px
            else "none"
        )
        yield f"faces at {look.time_s:.2f} s: {found if look.decoded else 'the image cannot be decoded'}"


def _judged(row: DecisionRow) -> str:
    if row.value is None:
        return ""
    return f" ({row.value:.2f} {row.unit}, must be {row.comparison} {row.threshold:g})"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
