"""The right audio under an image that was changed: the face is found and followed anew in it."""

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
from benchmarks.active_speaker.pieces import Face, Piece, best_piece, own_audio
from benchmarks.active_speaker.recordings import LIMITS, follow, images_of, main_track, write_whole
from schemas.clock import num_timeline_frames, source_frame_of
from schemas.records import Window, WindowFaces
from transforms.media.config import AudioConfig
from transforms.media.frames import FrameReader
from transforms.media.probe import probe_media

GROUP = "pictures"
_LENGTH_S = 5  # at most, of each recording


def judge_images(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Every change of each recording's best stretch; without evidence where the face was not found again."""
    for piece, kind in pieces_to_change(faces):
        changed = changed_piece(piece, kind)
        if changed is None:
            yield Outcome(
                group=GROUP,
                kind=kind,
                length_s=_LENGTH_S,
                speaker=piece.speaker,
                face=piece.name,
                audio=piece.name,
                true_lag_frames=piece.lag_frames,
            )
        else:
            found = judged(judge, changed, own_audio(changed), kind, _LENGTH_S, piece.name, piece.lag_frames, GROUP)
            yield replace(found, face=piece.name)


def pieces_to_change(faces: Sequence[Face]) -> list[tuple[Piece, str]]:
    """Each recording's best stretch with every change that is made of it."""
    pieces = [piece for face in faces if (piece := best_piece(face, _LENGTH_S))]
    return [(piece, kind) for piece in pieces for kind in [*changes_of(piece.face.track), *REWRITINGS]]


def changed_piece(piece: Piece, kind: str) -> Piece | None:
    """The piece's face as it is found in the changed image, from the cache or followed now; None: not found."""
    folder = piece.face.recording.folder / "changed"
    name = f"{piece.start_frame}-{piece.end_frame}-{kind.replace(' ', '-').replace('/', '-')}"
    entry, tube_path = folder / f"{name}.pickle", folder / f"{name}.npz"
    if not entry.is_file():
        write_whole(entry, pickle.dumps(_followed(piece, kind, tube_path)))
    found = main_track([pickle.loads(entry.read_bytes())])
    if found is None:
        return None
    track = found[1]
    face = Face(
        clip=piece.face.clip, recording=piece.face.recording, track=track, tube_folder=folder, tube_uri=tube_path.name
    )
    return Piece(face=face, start_frame=track.start_frame, end_frame=track.end_frame)


def _followed(piece: Piece, kind: str, tube_path: Path) -> WindowFaces:
    video = piece.face.recording.video
    window = Window(video=video, index=0, start_frame=piece.start_frame, end_frame=piece.end_frame, is_last=True)
    if kind in REWRITINGS:
        images = _rewritten(_images(piece), REWRITINGS[kind], piece.start_frame, piece.num_frames)
    else:
        change = changes_of(piece.face.track)[kind]
        images = ((frame, change(rgb, piece.face.track)) for frame, rgb in _images(piece))
    return follow(window, images, tube_path)


def _images(piece: Piece) -> Iterator[tuple[int, np.ndarray]]:
    """(timeline frame, image) of the piece; one that cannot be decoded shows the one before."""
    recording, last = piece.face.recording, None
    faces = next(faces for faces in recording.windows if piece.face.track in faces.tracks)
    window = replace(faces.window, start_frame=piece.start_frame, end_frame=piece.end_frame)
    for frame, rgb in images_of(recording, piece.face.clip.path, window):
        last = rgb if rgb is not None else last
        if last is not None:
            yield frame, last


def _rewritten(
    images: Iterable[tuple[int, np.ndarray]], rewriting: Rewriting, first_frame: int, num_frames: int
) -> Iterator[tuple[int, np.ndarray | None]]:
    """Pictures through a file of their own, read back at 25 a second as any file is."""
    with tempfile.TemporaryDirectory(prefix="talkshard-") as folder:
        path = Path(folder, "rewritten.mp4")
        write_images(path, (rgb for _, rgb in images), rewriting)
        probe, timeline = probe_media(os.fspath(path), LIMITS, AudioConfig())
        count = min(num_frames, num_timeline_frames(timeline.presentation_ticks, timeline.time_base))
        shown = source_frame_of(timeline.presentation_ticks, timeline.time_base, count)
        with FrameReader(os.fspath(path), probe, timeline) as reader:
            for position, rgb in reader.frames(shown):
                yield first_frame + position, rgb
