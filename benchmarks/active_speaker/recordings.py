"""Files prepared and tracked as the graph does, by the stages' plain functions; cached, as no judge takes part."""

import hashlib
import os
import pickle
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

import numpy as np

from schemas.media import MediaProbe
from schemas.records import FaceTrack, Source, Video, Window, WindowFaces
from schemas.tables import TrackRow
from transforms.faces.config import FacesConfig
from transforms.faces.detectors.registry import load_detector
from transforms.faces.mesh import MediaPipeMesh
from transforms.faces.stopwatch import Stopwatch
from transforms.faces.track_faces import track_faces
from transforms.media.canonical import CanonicalFace
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.models import model_sha256
from transforms.media.timeline_file import timeline_from_bytes
from transforms.media.tubes import write_tubes
from transforms.media.window_frames import WindowFrames
from transforms.prepare.config import SpeechConfig
from transforms.prepare.prepare_video import prepare_video
from transforms.prepare.speech_models import load_speech_model
from transforms.windows.split_windows import speech_windows

FACES, SPEECH, LIMITS, CANONICAL = FacesConfig(), SpeechConfig(), LimitsConfig(), CanonicalFace()
_CACHE_VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One file: its audio, its speech and the faces of its windows."""

    folder: Path  # of the cache
    video: Video | None  # its uris are names in the folder; None: ended by a rule
    ended_by: str  # that rule; ""
    windows: tuple[WindowFaces, ...]  # those with speech

    @property
    def audio_path(self) -> str:
        """The 16 kHz FLAC."""
        return os.fspath(self.folder / self.video.audio_uri)


def read_recording(path: Path, cache_folder: Path) -> Recording:
    """A file's recording, from the cache or made now. Raises a MediaError for what cannot be used."""
    source = _source(path)
    folder = cache_folder / _settings_digest() / source.source_id
    entry = folder / "recording.pickle"
    if entry.is_file():
        return replace(pickle.loads(entry.read_bytes()), folder=folder)
    folder.mkdir(parents=True, exist_ok=True)
    recording = _make(source, path, folder)
    write_whole(entry, pickle.dumps(recording))
    return recording


def track_images(window: Window, images: Iterable[tuple[int, np.ndarray | None]], tube_path: Path) -> WindowFaces:
    """Track the faces of a window's images; their tubes are written to tube_path."""
    faces, tubes = track_faces(
        window=window,
        images=images,
        detector=_detector(),
        mesh=_mesh(),
        config=FACES,
        canonical=CANONICAL,
        damaged_share=LIMITS.damaged_share,
        stopwatch=Stopwatch(),
        tube_uri=tube_path.name,
    )
    if tubes:
        write_whole(tube_path, write_tubes(tubes))
    return faces


def images_of(recording: Recording, path: Path, window: Window) -> Iterable[tuple[int, np.ndarray | None]]:
    """(timeline frame, image) of a window of the file at path."""
    at = {recording.video.source.source_uri: os.fspath(path)}
    reader = WindowFrames(lambda uri: at.get(uri) or os.fspath(recording.folder / uri))
    yield from reader.of(window)
    reader.close()


def main_track(windows: Iterable[WindowFaces]) -> tuple[WindowFaces, FaceTrack] | None:
    """The longest track with a mesh, and its window."""
    found = [
        (track.end_frame - track.start_frame, -number, faces, track)
        for number, faces in enumerate(windows)
        for track in faces.tracks
        if track.has_mesh
    ]
    return max(found, key=lambda entry: entry[:2])[2:] if found else None


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step, so that no reader finds half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    os.replace(part, path)


def _make(source: Source, path: Path, folder: Path) -> Recording:
    prepared = prepare_video(
        source,
        os.fspath(path),
        _speech_model(),
        limits=LIMITS,
        audio=AudioConfig(),
        min_speech_s=SPEECH.min_speech_s,
        publish=_publisher(folder),
    )
    if prepared.video is None:
        return Recording(folder=folder, video=None, ended_by=prepared.decisions[-1].rule, windows=())
    empty = Recording(folder=folder, video=prepared.video, ended_by="", windows=())
    timeline = timeline_from_bytes(
        (folder / prepared.video.timeline_uri).read_bytes(), prepared.video.probe.video.time_base
    )
    judged = speech_windows(prepared.video, timeline, SPEECH.min_speech_s)
    windows = [window for window, decision in judged if decision.kept]
    faces = tuple(
        track_images(window, images_of(empty, path, window), folder / f"window-{window.index:05d}.npz")
        for window in windows
    )
    return replace(empty, windows=faces)


def _publisher(folder: Path) -> Callable[[str, str], str]:
    def publish(name: str, local_path: str) -> str:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(local_path, folder / name)
        return name

    return publish


def _source(path: Path) -> Source:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Source(
        source_id=sha256[:16],
        content_sha256=sha256,
        uris=(path.name,),
        size_bytes=path.stat().st_size,
        speaker="",
        group="",
        split="test",
        split_unit=f"source:{sha256[:16]}",
        licence="",
        consent="",
        language="",
    )


@cache
def _settings_digest() -> str:
    records = [
        [field.name for field in fields(kind)]
        for kind in (Recording, Source, Video, Window, WindowFaces, FaceTrack, TrackRow, MediaProbe)
    ]
    settings = (
        _CACHE_VERSION,
        FACES,
        SPEECH,
        LIMITS,
        CANONICAL,
        model_sha256("centerface"),
        model_sha256("face_mesh"),
        records,
    )
    return hashlib.sha256(repr(settings).encode()).hexdigest()[:12]


@cache
def _detector():
    return load_detector(FACES.detector, min_box_px=FACES.min_box_px, score=FACES.detector_score)


_mesh = cache(MediaPipeMesh)


@cache
def _speech_model():
    return load_speech_model(SPEECH)
