"""Judge the faces of one video without making a dataset: how late the audio is, and who speaks."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schemas.clock import SAMPLES_PER_FRAME
from schemas.media import Timeline
from schemas.records import Source, Video, Window, WindowFaces
from schemas.tables import TrackRow
from transforms.clips.config import ClipsConfig
from transforms.faces.config import FacesConfig
from transforms.faces.detectors.registry import load_detector
from transforms.faces.mesh import MediaPipeMesh
from transforms.faces.stopwatch import Stopwatch
from transforms.faces.track_faces import track_faces
from transforms.media.audio import read_audio_span
from transforms.media.canonical import CanonicalFace
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.timeline_file import timeline_from_bytes
from transforms.media.tubes import FaceTube, TubeFile, write_tubes
from transforms.media.window_frames import WindowFrames
from transforms.prepare.config import SpeechConfig
from transforms.prepare.prepare_video import prepare_video
from transforms.prepare.speech_models import load_speech_model
from transforms.speakers.audio_embedding import AUDIO_MARGIN_FRAMES
from transforms.speakers.chains import chain_tracks
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.find_speakers import find_speakers
from transforms.speakers.sync_network import load_sync_network
from transforms.windows.split_windows import speech_windows


def judge_video(path: str, speakers: SpeakersConfig | None = None, faces: FacesConfig | None = None) -> list[TrackRow]:
    """Judge every face of a video as a build would; one row for each track, none where there is no speech or face.

    Args:
        path: a local video file.
        speakers: settings of the sync network and its thresholds; None: the defaults.
        faces: settings of detection and tracking; None: the defaults.

    Raises:
        MediaError: the file cannot be used.
        UsageError: weights are missing: see `talkshard models install`.
    """
    judge = VideoJudge(speakers or SpeakersConfig(), faces or FacesConfig())
    with tempfile.TemporaryDirectory(prefix="talkshard-") as folder:
        video = _prepared(path, Path(folder))
        if video is None:
            return []
        judged = speech_windows(video, _timeline(video), SpeechConfig().min_speech_s)
        windows = [window for window, row in judged if row.kept]
        return chain_tracks(row for window in judge.windows(windows) for row in window.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedWindow:
    """One window of a video: its faces, and who speaks."""

    faces: WindowFaces
    tubes: dict[str, FaceTube]  # by the name of a track
    rows: tuple[TrackRow, ...]


class VideoJudge:
    """The networks and settings of a build, without its graph."""

    def __init__(self, speakers: SpeakersConfig, faces: FacesConfig, image_px: int = ClipsConfig().image_px) -> None:
        """Load the networks; image_px: side of the aligned faces of its tubes."""
        self._speakers, self._faces, self._image_px = speakers, faces, image_px
        self._network = None if speakers.network == "none" else load_sync_network(speakers.network)
        self.detector = load_detector(
            faces.detector, min_box_px=faces.min_box_px, score=faces.detector_score, tiles=faces.tiles
        )
        self._mesh = MediaPipeMesh()

    def windows(self, windows: Sequence[Window]) -> Iterator[JudgedWindow]:
        """Track and judge windows of one video, one after the other; a video without audio has no `audio_uri`."""
        frames = WindowFrames(str)
        try:
            for window in windows:
                faces, tubes = self._tracked(window, frames)
                yield JudgedWindow(faces=faces, tubes=tubes, rows=self._rows(faces, tubes))
        finally:
            frames.close()

    def _tracked(self, window: Window, frames: WindowFrames) -> tuple[WindowFaces, dict[str, FaceTube]]:
        return track_faces(
            window=window,
            images=frames.of(window),
            detector=self.detector,
            mesh=self._mesh,
            config=self._faces,
            canonical=CanonicalFace(image_px=self._image_px),
            damaged_share=LimitsConfig().damaged_share,
            stopwatch=Stopwatch(),
            tube_uri="",
        )

    def _rows(self, faces: WindowFaces, tubes: dict[str, FaceTube]) -> tuple[TrackRow, ...]:
        if not faces.window.video.audio_uri:
            return tuple(track.row for track in faces.tracks)
        judged = find_speakers(
            faces,
            TubeFile(write_tubes(tubes)) if tubes else None,
            _audio(faces),
            self._network,
            self._speakers,
            min_box_px=self._faces.min_box_px,
            min_track_s=self._faces.min_track_s,
            max_faces=self._faces.max_faces,
            min_turn_s=ClipsConfig().min_s,
        )
        return judged.rows


def _prepared(path: str, staging: Path) -> Video | None:
    """The probed video with audio and times in `staging`; None without video, audio or speech."""

    def publish(suffix: str, local_path: str) -> str:
        return str(shutil.copyfile(local_path, staging / f"video{suffix}"))

    config = SpeechConfig()
    return prepare_video(
        source_of(path),
        path,
        load_speech_model(config),
        limits=LimitsConfig(),
        audio=AudioConfig(),
        min_speech_s=config.min_speech_s,
        publish=publish,
    ).video


def source_of(path: str) -> Source:
    """A local file as a source, of which nothing is known but its content."""
    with open(path, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Source(
        source_id=sha256[:16],
        content_sha256=sha256,
        uris=(path,),
        size_bytes=Path(path).stat().st_size,
        split="test",
        split_unit=f"source:{sha256[:16]}",
        speaker="",
        group="",
        licence="",
        consent="",
        language="",
    )


def _timeline(video: Video) -> Timeline:
    assert video.probe.video is not None, "a prepared video has a video stream"
    return timeline_from_bytes(Path(video.timeline_uri).read_bytes(), video.probe.video.time_base)


def _audio(faces: WindowFaces) -> np.ndarray:
    """The window's audio with a margin on both sides, int16; empty without a track."""
    if not faces.tracks:
        return np.zeros(0, np.int16)
    first = faces.window.start_frame - AUDIO_MARGIN_FRAMES
    last = faces.window.end_frame + AUDIO_MARGIN_FRAMES
    return read_audio_span(faces.window.video.audio_uri, first * SAMPLES_PER_FRAME, last * SAMPLES_PER_FRAME)
