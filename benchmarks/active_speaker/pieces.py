"""Pieces of followed faces, and the audio that is laid under them as the graph would hear it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from benchmarks.active_speaker.clip_table import ListedClip
from benchmarks.active_speaker.held_tubes import read_tube
from benchmarks.active_speaker.recordings import Recording, main_track
from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME
from schemas.records import FaceTrack
from transforms.clips.cut_clips import slice_tube
from transforms.media.audio import read_audio_span
from transforms.media.speech_mask import speech_mask
from transforms.media.tubes import FaceTube
from transforms.speakers.find_speakers import AUDIO_MARGIN_FRAMES

LENGTHS_S = (1, 2, 3, 5, 10)
_MIN_LENGTH = 0.95  # of the length named
_MIN_VOICED = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Face:
    """A followed face, and the recording whose audio belongs to it."""

    clip: ListedClip
    recording: Recording
    track: FaceTrack
    tube_folder: Path
    tube_uri: str

    def tube(self) -> FaceTube:
        """All its frames."""
        return read_tube(self.tube_folder, self.tube_uri, self.track.name)

    def voiced(self, start_frame: int, end_frame: int) -> np.ndarray:
        """bool (end - start,): frames of the face in which its own audio has speech."""
        shift = round((self.clip.lag_frames or 0) * SAMPLES_PER_FRAME)
        return speech_mask(self.recording.video.speech, start_frame, end_frame, shift)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """A stretch of a face."""

    face: Face
    start_frame: int  # timeline frames of the recording, half-open
    end_frame: int

    @property
    def num_frames(self) -> int:
        return self.end_frame - self.start_frame

    @property
    def name(self) -> str:
        return f"{self.face.clip.name} {self.start_frame}"

    @property
    def speaker(self) -> str:
        return self.face.clip.speaker

    @property
    def lag_frames(self) -> float | None:
        """By how much the recording's audio is late, where that is known."""
        return self.face.clip.lag_frames

    def tube(self) -> FaceTube:
        """Its frames alone."""
        first = self.face.track.start_frame
        return slice_tube(self.face.tube(), self.start_frame - first, self.end_frame - first)

    def first(self, num_frames: int) -> "Piece":
        """Its first frames."""
        return Piece(face=self.face, start_frame=self.start_frame, end_frame=self.start_frame + num_frames)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LaidAudio:
    """Sound under a piece of T frames, from SOUND_MARGIN_FRAMES before it to as much after it."""

    samples: np.ndarray  # int16 (640 (T + 50),)
    counts: np.ndarray  # bool (T + 50,): frames that exist in the recording and have speech

    @property
    def num_frames(self) -> int:
        """T."""
        return len(self.counts) - 2 * AUDIO_MARGIN_FRAMES


def laid_audio(face: Face, start_frame: int, num_frames: int) -> LaidAudio:
    """A face's recording from start_frame on, as the audio under num_frames frames."""
    first, last = start_frame - AUDIO_MARGIN_FRAMES, start_frame + num_frames + AUDIO_MARGIN_FRAMES
    video, frames = face.recording.video, np.arange(first, last)
    samples = read_audio_span(face.recording.audio_path, first * SAMPLES_PER_FRAME, last * SAMPLES_PER_FRAME)
    exists = (frames >= 0) & (frames < video.num_frames)
    return LaidAudio(samples=samples, counts=exists & speech_mask(video.speech, first, last))


def own_audio(piece: Piece, late_frames: int = 0) -> LaidAudio:
    """A piece's own audio, moved so that it comes late_frames later than it was recorded."""
    return laid_audio(piece.face, piece.start_frame - late_frames, piece.num_frames)


def main_face(clip: ListedClip, recording: Recording) -> Face | None:
    """The face that is seen longest; None without any."""
    found = main_track(recording.windows)
    if found is None:
        return None
    faces, track = found
    return Face(clip=clip, recording=recording, track=track, tube_folder=recording.folder, tube_uri=faces.tube_uri)


def cut_pieces(face: Face, length_s: int) -> list[Piece]:
    """Pieces of a length, one after the other, of which a third has speech; a piece may be a twentieth shorter."""
    wanted, start, end = length_s * FRAME_RATE, face.track.start_frame, face.track.end_frame
    starts = range(start, end - wanted + 1, wanted) or (
        range(start, start + 1) if end - start >= _MIN_LENGTH * wanted else ()
    )
    pieces = [Piece(face=face, start_frame=first, end_frame=min(first + wanted, end)) for first in starts]
    return [piece for piece in pieces if is_voiced(piece)]


def is_voiced(piece: Piece) -> bool:
    """Whether a third of the piece has speech."""
    return bool(piece.face.voiced(piece.start_frame, piece.end_frame).mean() >= _MIN_VOICED)


def best_piece(face: Face, max_s: int) -> Piece | None:
    """The stretch of at most max_s with the most speech; None when too little of it has any."""
    start, end = face.track.start_frame, face.track.end_frame
    length = min(end - start, max_s * FRAME_RATE)
    reached = np.concatenate([[0], np.cumsum(face.voiced(start, end))])
    first = start + int(np.argmax(reached[length:] - reached[: len(reached) - length]))
    piece = Piece(face=face, start_frame=first, end_frame=first + length)
    return piece if length >= FRAME_RATE and is_voiced(piece) else None


def held_still(tube: FaceTube, frame: int, num_frames: int) -> FaceTube:
    """A photograph: one frame of a tube, num_frames times."""
    one = slice_tube(tube, frame, frame + 1)
    whole = {field.name: np.repeat(getattr(one, field.name), num_frames, axis=0) for field in fields(FaceTube)}
    index = np.arange(num_frames + 1, dtype=np.uint32) * np.uint32(len(one.crops_jpeg))
    return FaceTube(**{**whole, "crops_jpeg": np.tile(one.crops_jpeg, num_frames), "crops_index": index})


def pieces_by_length(faces: Sequence[Face]) -> dict[int, list[Piece]]:
    """Pieces of all faces, by length in seconds."""
    return {length_s: [piece for face in faces for piece in cut_pieces(face, length_s)] for length_s in LENGTHS_S}
