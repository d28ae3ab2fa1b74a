"""The faces of a whole video, tracked and judged as a build does it; their meshes lie in files, one for each window."""

import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audit.judge_video import JudgedWindow, VideoJudge, source_of
from schemas.clock import FRAME_RATE, num_timeline_frames, source_frame_of
from schemas.errors import MissingStream, UsageError
from schemas.media import MediaProbe, Timeline
from schemas.records import Video
from schemas.tables import TrackRow
from transforms.faces.config import FacesConfig
from transforms.faces.face_counter import FaceCounter
from transforms.media.canonical import mouth_opening
from transforms.media.config import AudioConfig, LimitsConfig, VideoConfig
from transforms.media.timeline_file import timeline_bytes
from transforms.media.tubes import FaceTube
from transforms.media.video_choice import choose_video
from transforms.prepare.config import SpeechConfig
from transforms.prepare.prepare_video import prepare_video
from transforms.prepare.speech_models import load_speech_model
from transforms.speakers.chains import TrackEnds, find_chains, track_ends
from transforms.speakers.config import SpeakersConfig
from transforms.windows.split_windows import speech_windows

TUBE_FACE_PX = 384
"""Side of the aligned faces that tracks are stored at."""
STILLS_PER_TRACK = 24
_STILL_VISIBILITY = 0.6  # of the mouth, at least


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackPart:
    """One track of one window: its numbers. Its arrays lie in `path`."""

    path: Path  # .npz, see `_written`
    start_frame: int  # timeline frames, half-open
    end_frame: int
    end_rule: str  # lost, cut, transition, window_edge, source_end
    speaks: bool  # the video's own audio was assigned to it
    face_px: float  # median of the box's shorter side, in the image as shown
    centre: tuple[float, float]  # of the median box, as shares of the image's width and height

    @property
    def seconds(self) -> tuple[float, float]:
        """Begin and end on the timeline."""
        return self.start_frame / FRAME_RATE, self.end_frame / FRAME_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedFace:
    """One face for as long as it is in view: the tracks that continue each other."""

    number: int  # from 1, by appearance
    parts: tuple[TrackPart, ...]  # by time

    @property
    def speaks(self) -> bool:
        """Whether the video's own audio was assigned to it anywhere."""
        return any(part.speaks for part in self.parts)

    @property
    def face_px(self) -> float:
        """The largest size of its tracks, px of the image as shown."""
        return max(part.face_px for part in self.parts)

    def overlaps(self, other: "TrackedFace") -> bool:
        """Whether both are in view at the same time."""
        return any(
            one.start_frame < two.end_frame and two.start_frame < one.end_frame
            for one in self.parts
            for two in other.parts
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrackedVideo:
    """A video and its faces."""

    path: str
    probe: MediaProbe
    timeline: Timeline
    source_frames: np.ndarray  # int64 (frames of the timeline,): source frame shown, see schemas.clock
    faces: tuple[TrackedFace, ...]


def track_video(path: str, staging: Path) -> TrackedVideo:
    """Track every face of a video, and judge which of them speak its audio; `staging` is an empty folder.

    MediaError, UsageError: the file cannot be used, has no video, or has high dynamic range.
    """
    faces = FacesConfig()
    probe, timeline = choose_video(path, LimitsConfig(), AudioConfig(), count_faces=FaceCounter(faces))
    if timeline is None:
        raise MissingStream(f"{path!r} has no video; expected a file with a video stream (--video)")
    dynamic_range = probe.used_video.colour.dynamic_range
    if dynamic_range != "sdr":
        raise UsageError(
            f"{path!r} has high dynamic range ({dynamic_range.upper()}), which is not dubbed: convert it to SDR "
            "(--video)"
        )
    video = _prepared(path, probe, timeline, staging)
    windows = [window for window, _ in speech_windows(video, timeline, SpeechConfig().min_speech_s)]
    parts, ends = dict[str, TrackPart](), list[TrackEnds]()
    for window in VideoJudge(SpeakersConfig(), faces, TUBE_FACE_PX).windows(windows):
        for part, row in _parts(window, staging, faces):
            parts[row.track_id] = part
            ends.append(track_ends(row))
    return TrackedVideo(
        path=path,
        probe=video.probe,
        timeline=timeline,
        source_frames=source_frame_of(timeline.presentation_ticks, timeline.time_base, video.num_frames),
        faces=_faces(parts, ends),
    )


def _prepared(path: str, probe: MediaProbe, timeline: Timeline, staging: Path) -> Video:
    """The video with its audio in staging; `audio_uri` is empty where it has no audio or no speech."""

    def publish(suffix: str, local_path: str) -> str:
        return str(shutil.copyfile(local_path, staging / f"video{suffix}"))

    speech, source = SpeechConfig(), source_of(path)
    if probe.audio_index >= 0:
        prepared = prepare_video(
            source,
            path,
            load_speech_model(speech),
            limits=LimitsConfig(),
            audio=AudioConfig(),
            min_speech_s=speech.min_speech_s,
            publish=publish,
            video=VideoConfig(stream=probe.used_video.index),
        )
        if prepared.video is not None:
            return prepared.video
        probe = prepared.facts.probe or probe
    times = staging / "video.npz"
    times.write_bytes(timeline_bytes(timeline))
    return Video(
        source=source,
        probe=probe,
        num_frames=num_timeline_frames(timeline.presentation_ticks, timeline.time_base),
        audio_uri="",
        speech=(),
        timeline_uri=str(times),
        speech_model="",
    )


def _parts(window: JudgedWindow, staging: Path, faces: FacesConfig) -> Iterator[tuple[TrackPart, TrackRow]]:
    """The tracks of a window that are long and large enough, each with its row; their arrays are written."""
    width, height = window.faces.window.video.probe.used_video.width, window.faces.window.video.probe.used_video.height
    for row in window.rows:
        name = row.track_id.rsplit("-", 1)[1]
        is_long = row.end_frame - row.start_frame >= faces.min_track_s * FRAME_RATE
        if name not in window.tubes or not is_long or row.face_source_px < faces.min_box_px:
            continue
        x1, y1, x2, y2 = row.box_xyxy
        yield (
            TrackPart(
                path=_written(window.tubes[name], staging / f"{row.track_id}.npz"),
                start_frame=row.start_frame,
                end_frame=row.end_frame,
                end_rule=row.end_rule,
                speaks=row.active_share > 0,
                face_px=row.face_source_px,
                centre=((x1 + x2) / 2 / width, (y1 + y2) / 2 / height),
            ),
            row,
        )


def _written(tube: FaceTube, path: Path) -> Path:
    frames = _still_frames(tube)
    crops = [tube.crops_jpeg[tube.crops_index[frame] : tube.crops_index[frame + 1]] for frame in frames]
    np.savez(
        path,
        mesh=tube.mesh,
        align=tube.align,
        visibility=tube.mouth_visibility,
        still_frames=frames,
        still_to_source=tube.crop_to_source[frames],
        still_jpeg=np.concatenate(crops),
        still_index=np.cumsum([0, *map(len, crops)]),
    )
    return path


def _still_frames(tube: FaceTube) -> np.ndarray:
    """Frames to keep the images of: int64 (K,), from the most closed to the most open mouth that is seen."""
    usable = np.flatnonzero(~tube.interpolated & (tube.mouth_visibility >= _STILL_VISIBILITY))
    if not len(usable):
        usable = np.arange(len(tube.mesh))
    by_opening = usable[np.argsort(mouth_opening(tube.mesh[usable]), kind="stable")]
    return by_opening[np.unique(np.linspace(0, len(by_opening) - 1, STILLS_PER_TRACK).round().astype(int))]


def _faces(parts: dict[str, TrackPart], ends: list[TrackEnds]) -> tuple[TrackedFace, ...]:
    """Chains of tracks as faces, by appearance, those of the same moment from left to right."""
    chains: dict[str, list[TrackPart]] = defaultdict(list)
    for chain in find_chains(ends):
        chains[chain.track_chain_id].append(parts[chain.track_id])
    ordered = sorted(chains.values(), key=lambda chain: (chain[0].start_frame, chain[0].centre))
    return tuple(TrackedFace(number=number, parts=tuple(chain)) for number, chain in enumerate(ordered, 1))
