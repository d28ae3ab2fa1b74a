"""The clips that a motion network learns from, in memory: audio features, lip motion, and who speaks."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from schemas.stored.clip import Clip, read_clips
from speech2vid.reader.audio_features import MIDDLE_SPEECH, ClipAudioFeatures
from transforms.speakers.lip_motion import head_frame, lip_motion

_MIN_FRAMES = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MotionClip:
    """One clip of T frames."""

    key: str
    speaker: str
    columns: np.ndarray  # float16 (C, 2T) of MIDDLE_SPEECH
    lips: np.ndarray  # float32 (T, 192): see lip_motion
    points: np.ndarray  # float16 (T, 468, 3): the mesh in the head's frame

    @property
    def num_frames(self) -> int:
        """T."""
        return len(self.lips)


def read_motion_clips(dataset: str, split: str, where: str | None) -> list[MotionClip]:
    """Read all clips that are long enough, in the shards' order. UsageError, IntegrityError: see read_clips."""
    features = ClipAudioFeatures(MIDDLE_SPEECH)
    return [clip for stored in read_clips(dataset, split, where) for clip in _clip_of(stored, features)]


def fold_of(speaker: str, num_folds: int) -> int:
    """The fold of a person, by a hash of the name: who is added changes no one else's."""
    return int.from_bytes(hashlib.sha256(speaker.encode()).digest()[:4]) % num_folds


def frames_by_person(clips: list[MotionClip]) -> dict[str, int]:
    """Number of frames of each person."""
    found: dict[str, int] = {}
    for clip in clips:
        found[clip.speaker] = found.get(clip.speaker, 0) + clip.num_frames
    return found


def _clip_of(stored: Clip, features: ClipAudioFeatures) -> Iterator[MotionClip]:
    if stored.num_frames < _MIN_FRAMES:
        return
    meshes = stored.mesh.astype(np.float32)
    yield MotionClip(
        key=stored.key,
        speaker=stored.row["speaker"] or stored.row["source_uri"],
        columns=features.columns(stored),
        lips=lip_motion(meshes),
        points=head_frame(meshes).apply(meshes.astype(np.float64)).astype(np.float16),
    )
