"""Segments of tracked faces, and the audio that goes with them as the graph would read it."""

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
from transforms.speakers.audio_embedding import AUDIO_MARGIN_FRAMES

LENGTHS_S = (1, 2, 3, 5, 10)
_MIN_LENGTH = 0.95  # of the length named
_MIN_VOICED = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Face:
    """A tracked face, and the recording whose audio belongs to it."""

    clip: ListedClip
    recording: Recording
    track: FaceTrack
    tube_folder: Path
    tube_uri: str

    def tube(self) -> FaceTube:
        """Face tube of all its frames."""
        return read_tube(self.tube_folder, self.tube_uri, self.track.name)

    def voiced(self, start_frame: int, end_frame: int) -> np.ndarray:
        """Bool (end - start,): frames of the face in which its own audio has speech."""
        shift = round((self.clip.lag_frames or 0) * SAMPLES_PER_FRAME)
        return speech_mask(self.recording.video.speech, start_frame, end_frame, shift)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """A segment of a face."""

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
        """Face tube of its frames only."""
        first = self.face.track.start_frame
        return slice_tube(self.face.tube(), self.start_frame - first, self.end_frame - first)

    def first(self, num_frames: int) -> "Segment":
        """Its first frames."""
        return Segment(face=self.face, start_frame=self.start_frame, end_frame=self.start_frame + num_frames)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentAudio:
    """Audio of a segment of T frames, from AUDIO_MARGIN_FRAMES before it to as much after it."""

    samples: np.ndarray  # int16 (640 (T + 50),)
    counts: np.ndarray  # bool (T + 50,): frames that exist in the recording and have speech

    @property
    def num_frames(self) -> int:
        """T."""
        return len(self.counts) - 2 * AUDIO_MARGIN_FRAMES


def audio_under(face: Face, start_frame: int, num_frames: int) -> SegmentAudio:
    """Audio of a face's recording from start_frame on, for num_frames frames."""
    first, last = start_frame - AUDIO_MARGIN_FRAMES, start_frame + num_frames + AUDIO_MARGIN_FRAMES
    video, frames = face.recording.video, np.arange(first, last)
    samples = read_audio_span(face.recording.audio_path, first * SAMPLES_PER_FRAME, last * SAMPLES_PER_FRAME)
    exists = (frames >= 0) & (frames < video.num_frames)
    return SegmentAudio(samples=samples, counts=exists & speech_mask(video.speech, first, last))


def own_audio(segment: Segment, late_frames: int = 0) -> SegmentAudio:
    """A segment's own audio, shifted to be late_frames later than it was recorded."""
    return audio_under(segment.face, segment.start_frame - late_frames, segment.num_frames)


def main_face(clip: ListedClip, recording: Recording) -> Face | None:
    """The face that is in view longest; None without any."""
    found = main_track(recording.windows)
    if found is None:
        return None
    faces, track = found
    return Face(clip=clip, recording=recording, track=track, tube_folder=recording.folder, tube_uri=faces.tube_uri)


def cut_segments(face: Face, length_s: int) -> list[Segment]:
    """Segments of a length, one after the other, of which a third has speech; a segment may be a twentieth shorter."""
    wanted, start, end = length_s * FRAME_RATE, face.track.start_frame, face.track.end_frame
    starts = range(start, end - wanted + 1, wanted) or (
        range(start, start + 1) if end - start >= _MIN_LENGTH * wanted else ()
    )
    segments = [Segment(face=face, start_frame=first, end_frame=min(first + wanted, end)) for first in starts]
    return [segment for segment in segments if is_voiced(segment)]


def is_voiced(segment: Segment) -> bool:
    """Whether a third of the segment has speech."""
    return bool(segment.face.voiced(segment.start_frame, segment.end_frame).mean() >= _MIN_VOICED)


def best_segment(face: Face, max_s: int) -> Segment | None:
    """The segment of at most max_s with the most speech; None when too little of it has any."""
    start, end = face.track.start_frame, face.track.end_frame
    length = min(end - start, max_s * FRAME_RATE)
    reached = np.concatenate([[0], np.cumsum(face.voiced(start, end))])
    first = start + int(np.argmax(reached[length:] - reached[: len(reached) - length]))
    segment = Segment(face=face, start_frame=first, end_frame=first + length)
    return segment if length >= FRAME_RATE and is_voiced(segment) else None


def held_still(tube: FaceTube, frame: int, num_frames: int) -> FaceTube:
    """A photograph: one frame of a tube, num_frames times."""
    one = slice_tube(tube, frame, frame + 1)
    whole = {field.name: np.repeat(getattr(one, field.name), num_frames, axis=0) for field in fields(FaceTube)}
    index = np.arange(num_frames + 1, dtype=np.uint32) * np.uint32(len(one.crops_jpeg))
    return FaceTube(**{**whole, "crops_jpeg": np.tile(one.crops_jpeg, num_frames), "crops_index": index})


def segments_by_length(faces: Sequence[Face]) -> dict[int, list[Segment]]:
    """Segments of all faces, by length in seconds."""
    return {length_s: [segment for face in faces for segment in cut_segments(face, length_s)] for length_s in LENGTHS_S}
