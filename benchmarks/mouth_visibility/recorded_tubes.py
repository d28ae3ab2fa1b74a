"""Face tubes of recordings, straight from the file: at most 100 frames of each."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from schemas.clock import num_timeline_frames, source_frame_of
from schemas.errors import MediaError, MissingStream
from transforms.faces.config import FacesConfig
from transforms.faces.detectors.registry import load_detector
from transforms.faces.face_tracker import FaceTracker, tracks_of
from transforms.faces.finish_track import finish_tube
from transforms.faces.live_track import LiveTrack
from transforms.faces.mesh import MediaPipeMesh
from transforms.faces.stopwatch import Stopwatch
from transforms.media.canonical import CanonicalFace
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.frames import FrameReader
from transforms.media.probe import probe_media
from transforms.media.tubes import FaceTube

CANONICAL = CanonicalFace()
_MAX_FRAMES, _MIN_FRAMES = 100, 15
_SUFFIXES = (".mp4", ".mkv", ".avi", ".mpg", ".mov")


def tubes_of(data: Path, groups: tuple[str, ...]) -> Iterator[tuple[str, FaceTube]]:
    """(name of the track, its tube) of all tracks of the recordings in some groups."""
    for path in sorted(path for group in groups for path in (data / group).rglob("*") if path.suffix in _SUFFIXES):
        name = path.relative_to(data).as_posix()
        if "mouth_only" in name or ("footage" in name and "caption" not in name):
            continue
        try:
            for number, tube in enumerate(tubes_of_recording(path)):
                yield f"{name}#{number}", tube
        except MediaError as error:
            print(error)


def tubes_of_recording(path: Path) -> list[FaceTube]:
    """Tubes of the tracks of one recording that have a mesh and at least 15 frames."""
    config = FacesConfig()
    detector = load_detector(config.detector, min_box_px=config.min_box_px, score=config.detector_score)
    ended = _tracks(path, FaceTracker(detector, MediaPipeMesh(), config, CANONICAL, Stopwatch()))
    return [
        finish_tube(track, CANONICAL, config.smoothing_frames)[0]
        for track, _ in ended
        if track.has_mesh and track.last_frame - track.start_frame >= _MIN_FRAMES
    ]


def _tracks(path: Path, tracker: FaceTracker) -> list[tuple[LiveTrack, str]]:
    probe, timeline = probe_media(str(path), LimitsConfig(), AudioConfig())
    if timeline is None:
        raise MissingStream(f"{path} has no video stream")
    num_frames = min(_MAX_FRAMES, num_timeline_frames(timeline.presentation_ticks, timeline.time_base))
    shown = source_frame_of(timeline.presentation_ticks, timeline.time_base, num_frames)
    with FrameReader(str(path), probe, timeline) as reader:
        return tracks_of(islice(reader.frames(shown), num_frames), tracker, num_frames, "source_end")[0]
