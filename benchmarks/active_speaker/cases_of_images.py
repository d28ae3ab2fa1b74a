"""The right audio with changed images, in which the face is detected and tracked again."""

import os
import pickle
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.active_speaker.cases_of_pairs import judged
from benchmarks.active_speaker.image_changes import REWRITINGS, Rewriting, changes_of, write_images
from benchmarks.active_speaker.judge import Judge
from benchmarks.active_speaker.outcomes import Outcome
from benchmarks.active_speaker.recordings import LIMITS, images_of, main_track, track_images, write_whole
from benchmarks.active_speaker.segments import Face, Segment, best_segment, own_audio
from schemas.clock import num_timeline_frames, source_frame_of
from schemas.records import Window, WindowFaces
from transforms.media.config import AudioConfig
from transforms.media.frames import FrameReader
from transforms.media.probe import probe_media

GROUP = "images"
_LENGTH_S = 5  # of each recording, at most


def judge_images(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Every change of each recording's best segment; without a sync result where the face was not found again."""
    for segment, kind in segments_to_change(faces):
        changed = changed_segment(segment, kind)
        if changed is None:
            yield Outcome(
                group=GROUP,
                kind=kind,
                length_s=_LENGTH_S,
                speaker=segment.speaker,
                face=segment.name,
                audio=segment.name,
                true_lag_frames=segment.lag_frames,
            )
        else:
            found = judged(judge, changed, own_audio(changed), kind, _LENGTH_S, segment.name, segment.lag_frames, GROUP)
            yield replace(found, face=segment.name)


def segments_to_change(faces: Sequence[Face]) -> list[tuple[Segment, str]]:
    """Each recording's best segment with every change that is made to it."""
    segments = [segment for face in faces if (segment := best_segment(face, _LENGTH_S))]
    return [(segment, kind) for segment in segments for kind in [*changes_of(segment.face.track), *REWRITINGS]]


def changed_segment(segment: Segment, kind: str) -> Segment | None:
    """The segment's face as tracked in the changed images, from the cache or tracked now; None: not found."""
    folder = segment.face.recording.folder / "changed"
    name = f"{segment.start_frame}-{segment.end_frame}-{kind.replace(' ', '-').replace('/', '-')}"
    entry, tube_path = folder / f"{name}.pickle", folder / f"{name}.npz"
    if not entry.is_file():
        write_whole(entry, pickle.dumps(_tracked(segment, kind, tube_path)))
    found = main_track([pickle.loads(entry.read_bytes())])
    if found is None:
        return None
    track = found[1]
    face = replace(segment.face, track=track, tube_folder=folder, tube_uri=tube_path.name)
    return Segment(face=face, start_frame=track.start_frame, end_frame=track.end_frame)


def _tracked(segment: Segment, kind: str, tube_path: Path) -> WindowFaces:
    video = segment.face.recording.video
    window = Window(video=video, index=0, start_frame=segment.start_frame, end_frame=segment.end_frame, is_last=True)
    if kind in REWRITINGS:
        images = _rewritten(_images(segment), REWRITINGS[kind], segment.start_frame, segment.num_frames)
    else:
        change = changes_of(segment.face.track)[kind]
        images = ((frame, change(rgb, segment.face.track)) for frame, rgb in _images(segment))
    return track_images(window, images, tube_path)


def _images(segment: Segment) -> Iterator[tuple[int, np.ndarray]]:
    """(timeline frame, image) of the segment; one that cannot be decoded shows the one before."""
    recording, last = segment.face.recording, None
    faces = next(faces for faces in recording.windows if segment.face.track in faces.tracks)
    window = replace(faces.window, start_frame=segment.start_frame, end_frame=segment.end_frame)
    for frame, rgb in images_of(recording, segment.face.clip.path, window):
        last = rgb if rgb is not None else last
        if last is not None:
            yield frame, last


def _rewritten(
    images: Iterable[tuple[int, np.ndarray]], rewriting: Rewriting, first_frame: int, num_frames: int
) -> Iterator[tuple[int, np.ndarray | None]]:
    """Images written to a file and read back at 25 frames/s, as any file is."""
    with tempfile.TemporaryDirectory(prefix="talkshard-") as folder:
        path = Path(folder, "rewritten.mp4")
        write_images(path, (rgb for _, rgb in images), rewriting)
        probe, timeline = probe_media(os.fspath(path), LIMITS, AudioConfig())
        count = min(num_frames, num_timeline_frames(timeline.presentation_ticks, timeline.time_base))
        shown = source_frame_of(timeline.presentation_ticks, timeline.time_base, count)
        with FrameReader(os.fspath(path), probe, timeline) as reader:
            for position, rgb in reader.frames(shown):
                yield first_frame + position, rgb
