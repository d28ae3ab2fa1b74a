"""The records of FindCopies: what is known of a clip that is compared, and what two clips share."""

import math
from dataclasses import dataclass, replace

from schemas.clock import seconds_from_frames
from schemas.records import RemovedClip
from schemas.tables import ClipRow
from transforms.media.fingerprint import STEPS_PER_S, read_fingerprint

_BEST_PX = 1e6  # larger than any face, so that all clips are compared with what was taken down
_SIZE_STEP = 1.05  # sizes that differ by less are equal: a detector's boxes differ by a px


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedClip:
    """What is compared of a clip, and what decides which of two copies is kept."""

    key: str
    source_id: str
    start_s: float  # in its source
    end_s: float
    face_source_px: float
    sharpness: float
    is_stored: bool  # in the dataset already: it stays
    fingerprint: str  # "": see without_fingerprint
    damaged_frames: int = 0  # of its window, that could not be decoded

    @property
    def length_s(self) -> float:
        """Its length."""
        return self.end_s - self.start_s

    def without_fingerprint(self) -> "ComparedClip":
        """What decides whether it is compared, and which copy is kept."""
        return replace(self, fingerprint="")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPart:
    """A performance that two clips show. Times are from the beginning of the clip."""

    first: ComparedClip
    second: ComparedClip
    first_s: tuple[float, float]
    second_s: tuple[float, float]  # the same time in the second one


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPair:
    """Two clips that are compared, by their keys."""

    first_key: str
    second_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstOfPair:
    """The first clip of a pair, sent to the second one."""

    second_key: str
    clip: ComparedClip


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentOfClip:
    """The component that a clip belongs to, by numbers that stand for their keys."""

    clip: int
    component: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedClip:
    """A clip that is dropped as the copy of another."""

    key: str
    kept_key: str


def compared_clip(row: ClipRow, is_stored: bool, damaged_frames: int = 0) -> ComparedClip:
    """What is compared of a clip. is_stored: it is in the dataset already. damaged_frames: of its window."""
    return ComparedClip(
        key=row.key,
        source_id=row.source_id,
        start_s=seconds_from_frames(row.start_frame),
        end_s=seconds_from_frames(row.start_frame + row.num_frames),
        face_source_px=row.face_source_px,
        sharpness=row.sharpness,
        is_stored=is_stored,
        fingerprint=row.fingerprint,
        damaged_frames=damaged_frames,
    )


def removed_clip(removed: RemovedClip) -> ComparedClip:
    """A clip that was taken down: it counts as one that is in the dataset, for its copies go."""
    return ComparedClip(
        key=removed.key,
        source_id=removed.key.partition("#")[0],
        start_s=0.0,
        end_s=len(read_fingerprint(removed.fingerprint).audio) / STEPS_PER_S,
        face_source_px=_BEST_PX,
        sharpness=0.0,
        is_stored=True,
        fingerprint=removed.fingerprint,
    )


def size_step(face_px: float) -> int:
    """A face's size in steps of 5 %."""
    return round(math.log(max(face_px, 1.0)) / math.log(_SIZE_STEP))


def best_first(clip: ComparedClip) -> tuple[bool, int, int, float, float, str]:
    """Sorts clips: those on record, then less damaged, larger, sharper and longer ones, then by key."""
    size = size_step(clip.face_source_px)
    return not clip.is_stored, clip.damaged_frames, -size, -clip.sharpness, -clip.length_s, clip.key
