"""Dub a video: the mouth of its speaker says other audio, and all else stays."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from schemas.clock import FRAME_RATE, SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from schemas.errors import DamagedMedia, UsageError
from speech2vid.dubbing.choose_face import chosen_faces
from speech2vid.dubbing.dubbed_face import FaceDubber
from speech2vid.dubbing.dubbed_video import DubbedVideo, OutputPlan
from speech2vid.dubbing.face_meshes import FaceMeshes
from speech2vid.dubbing.image_planes import FramePlanes
from speech2vid.dubbing.new_mouth import NewMouth
from speech2vid.dubbing.person_stills import person_stills
from speech2vid.dubbing.shown_frames import ShownFrame, ShownFrames
from speech2vid.dubbing.tracked_faces import TrackedVideo, track_video
from speech2vid.dubbing.visible_mark import VisibleMark
from speech2vid.generation.driving_audio import DrivingAudio, open_audio
from speech2vid.generation.talking_faces import audio_windows
from speech2vid.motion import file as motion_file
from speech2vid.motion.file import MotionFile
from speech2vid.motion.mouth_space import MouthMotion
from speech2vid.rendering import painter_file
from speech2vid.rendering.painter_file import PainterFile
from transforms.media.frames_pyav import PyavFrames


@dataclass(frozen=True, slots=True, kw_only=True)
class DubOptions:
    """How a video is dubbed."""

    speakers: tuple[int, ...] = ()  # numbers of the faces to dub; (): the one that speaks, or the only one
    blend: str = "poisson"  # one of blend.BLENDS
    fit: str = "trim"  # one of shown_frames.FITS
    is_lossless: bool = False
    is_marked: bool = False  # visibly
    motion: Path = motion_file.DEFAULT_PATH
    painter: Path = painter_file.DEFAULT_PATH  # used by the blend `context` alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Dubbed:
    """A written video: what was done, in numbers."""

    num_frames: int
    num_dubbed: int  # frames with another mouth
    num_damaged: int  # frames that could not be decoded; the one before is shown for longer
    length_s: float  # of the output
    video_s: float  # of the video
    audio_s: float  # of the new audio
    faces: tuple[int, ...]  # numbers of the dubbed faces
    left_out: tuple[str, ...]  # streams that the container cannot hold
    frames_per_s: float


def dub(video: str, audio: str, output: Path, options: DubOptions) -> Dubbed:
    """Write a video like `video` whose speaker says the audio of another file.

    UsageError, MediaError: an input cannot be used. StorageError: the output cannot be written.
    """
    start = time.monotonic()
    open_audio(audio)  # what is wrong with it is found before the video is tracked
    with tempfile.TemporaryDirectory(prefix="talkshard-") as folder:
        return dub_tracked(track_video(video, Path(folder)), audio, output, options, start)


def dub_tracked(
    tracked: TrackedVideo, audio: str, output: Path, options: DubOptions, start: float | None = None
) -> Dubbed:
    """Dub a video that is tracked already; start: time.monotonic() from which on its speed is counted, None: now."""
    start = time.monotonic() if start is None else start
    return _Dubbing(tracked, open_audio(audio), output, options).written(start)


class _Dubbing:
    """One video that is being dubbed."""

    def __init__(self, tracked: TrackedVideo, driving: DrivingAudio, output: Path, options: DubOptions) -> None:
        faces = chosen_faces(tracked.faces, options.speakers, f"--video {tracked.path}")
        self._tracked, self._driving, self._options = tracked, driving, options
        self._shown = ShownFrames(tracked.timeline, Fraction(driving.num_samples, SAMPLE_RATE_HZ), options.fit)
        self._meshes = FaceMeshes(faces, tracked)
        self._mark = VisibleMark(tracked.probe.used_video) if options.is_marked else None
        self._numbers = tuple(face.number for face in faces)
        self._motion = MotionFile(options.motion)
        self._painter = PainterFile(options.painter) if options.blend == "context" else None
        self._person_shapes = self._motion.space.shapes_of(self._meshes.sample())
        self._dubber = FaceDubber(tracked.probe.used_video, person_stills(faces), self._painter)
        self._plan = OutputPlan(
            path=output,
            source=tracked.path,
            probe=tracked.probe,
            timeline=tracked.timeline,
            audio=driving,
            length_s=self._shown.length_s,
            is_lossless=options.is_lossless,
            comment=self._comment(),
        )

    def written(self, start: float) -> Dubbed:
        """Write all frames."""
        mouth, num_frames, num_dubbed, num_damaged = NewMouth(self._mouths()), 0, 0, 0
        first_ticks = int(self._tracked.timeline.presentation_ticks[0])
        with DubbedVideo(self._plan) as video:
            for shown, frame in self._decoded():
                if frame is None:
                    num_damaged += 1
                    continue
                planes = FramePlanes(frame, self._tracked.probe.used_video.colour)
                num_dubbed += self._dub(planes, shown, mouth)
                if self._mark is not None:
                    self._mark.draw(planes)
                video.write_frame(planes.image, first_ticks + shown.ticks, shown.duration_ticks)
                num_frames += 1
            if not num_dubbed:
                raise UsageError(
                    f"--video {self._tracked.path}: the speaker's mouth is covered or lost in every frame, so none "
                    "can be dubbed; give a video that shows it"
                )
        return Dubbed(
            num_frames=num_frames,
            num_dubbed=num_dubbed,
            num_damaged=num_damaged,
            length_s=float(self._shown.length_s),
            video_s=float(self._shown.video_s),
            audio_s=self._driving.num_samples / SAMPLE_RATE_HZ,
            faces=self._numbers,
            left_out=tuple(video.left_out),
            frames_per_s=num_frames / (time.monotonic() - start),
        )

    def _dub(self, planes: FramePlanes, shown: ShownFrame, mouth: NewMouth) -> bool:
        """Dub one frame; False: its face is lost or its mouth covered, and it stays as it is."""
        face = self._meshes.at(shown.source_frame)
        if face is None or face.strength == 0:
            return False
        time_base = float(self._tracked.timeline.time_base)
        row = mouth.at(shown.ticks * time_base, shown.duration_ticks * time_base)[None]
        view = self._dubber.view(planes, face)
        motion = MouthMotion(shapes=row[:, :-1], closed=row[:, -1])
        target = self._motion.space.target_meshes(view.base.mesh_px[None], motion, self._person_shapes)[0]
        self._dubber.dub(planes, view, target, face.strength)
        return True

    def _decoded(self) -> "Iterator[tuple[ShownFrame, av.VideoFrame | None]]":
        reader = PyavFrames(self._tracked.path, self._tracked.probe.used_video, self._tracked.timeline)
        video = self._tracked.probe.used_video
        last, frame, size = -1, None, (video.coded_width, video.coded_height)
        try:
            for shown in self._shown:
                if shown.source_frame != last:
                    last, frame = shown.source_frame, reader.decoded(shown.source_frame)
                if frame is not None and (frame.width, frame.height) != size:
                    raise DamagedMedia(
                        f"{self._tracked.path!r} changes its frame size to {frame.width} x {frame.height} px; "
                        "convert it to one size (--video)"
                    )
                yield shown, frame
        finally:
            reader.close()

    def _mouths(self) -> Iterator[np.ndarray]:
        """Rows (N, P + 1) of the whole output: mouth shapes, and how surely it is closed; silence follows the audio."""
        num_frames = int(self._shown.length_s * FRAME_RATE) + 1
        padded = replace(self._driving, num_samples=num_frames * SAMPLES_PER_FRAME)
        for windows in audio_windows(padded.blocks(), num_frames, self._motion):
            if len(windows):
                motion = self._motion.motion(windows)
                yield np.column_stack([motion.shapes, motion.closed])

    def _comment(self) -> str:
        networks = f"motion network sha256 {self._motion.sha256}"
        if self._painter is not None:
            networks += f", painter sha256 {self._painter.sha256}"
        return (
            f"Generated: this person did not say this. Made by talkshard dub, blend {self._options.blend}, {networks}"
        )
