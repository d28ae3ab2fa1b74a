"""The mesh of the dubbed face at any time of the video, between the frames at 25 a second at which it was tracked."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from speech2vid.dubbing.tracked_faces import TUBE_FACE_PX, TrackedFace, TrackedVideo, TrackPart
from transforms.media.canonical import MESH_UNIT, apply_affine, invert_affine

_FADE_FRAMES = 5.0
"""Frames in which the effect comes and goes where a face is found and lost."""
_HIDDEN, _SEEN = 0.3, 0.6  # probability that the mouth is seen: at and below, nothing is changed; from there on, all
_SAMPLED = 250  # meshes, at least, that give the person's usual mouth
_SMOOTHED_FRAMES = 15  # over which that probability is averaged: it was measured in every tenth


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FaceAt:
    """The face in one source frame."""

    mesh: np.ndarray  # float32 (468, 3), px of the image as shown
    align: np.ndarray  # float64 (2, 3): px of the image as shown -> aligned face of TUBE_FACE_PX
    strength: float  # 0..1: how much of the effect is applied


class FaceMeshes:
    """Reads the tracks of one or more faces, of which no two are in view at once; one window is in memory."""

    def __init__(self, faces: Sequence[TrackedFace], video: TrackedVideo) -> None:
        """Read nothing yet."""
        self._parts = sorted((part for face in faces for part in face.parts), key=lambda part: part.start_frame)
        self._starts = np.array([part.start_frame for part in self._parts])
        self._edges = {(face.parts[0].start_frame, face.parts[-1].end_frame) for face in faces}
        ticks = video.timeline.presentation_ticks
        shown = video.source_frames
        first = np.flatnonzero(np.concatenate([[True], np.diff(shown) != 0]) & (shown >= 0))
        self._positions, self._ticks = first.astype(np.float64), ticks[shown[first]]
        self._all_ticks, self._cuts = ticks, _cuts(video)

    def sample(self) -> np.ndarray:
        """Aligned meshes of some frames, evenly over all tracks: float32 (N, 468, 3), px of TUBE_FACE_PX."""
        meshes = []
        every = max(1, sum(part.end_frame - part.start_frame for part in self._parts) // _SAMPLED)
        for part in self._parts:
            with np.load(part.path) as arrays:
                meshes.append(arrays["mesh"][::every].astype(np.float32) * (TUBE_FACE_PX / MESH_UNIT))
        return np.concatenate(meshes)

    def at(self, source_frame: int) -> FaceAt | None:
        """The face in a source frame; None where it is not tracked."""
        position = float(np.interp(self._all_ticks[source_frame], self._ticks, self._positions))
        part = self._part_at(round(position))
        if part is None:
            return None
        mesh, align, seen = _arrays(part.path)
        place = np.clip(position - part.start_frame, 0, len(mesh) - 1)
        strength = self._fade(part, position) * float(np.interp(place, np.arange(len(seen)), seen))
        return FaceAt(mesh=_between(mesh, place), align=_between(align, place), strength=strength)

    def _part_at(self, frame: int) -> TrackPart | None:
        for part in reversed(self._parts[: int(np.searchsorted(self._starts, frame, side="right"))]):
            if frame < part.end_frame:
                return part
        return None

    def _fade(self, part: TrackPart, position: float) -> float:
        """1 but near the ends of a face's track that are no cuts and not the video's own ends."""
        into, left = position - part.start_frame + 1, part.end_frame - position
        is_new = all(part.start_frame != start for start, _ in self._edges) or part.start_frame in self._cuts
        is_cut = part.end_rule in ("cut", "source_end", "window_edge")
        return float(_smooth(min(1.0 if is_new else into / _FADE_FRAMES, 1.0 if is_cut else left / _FADE_FRAMES)))


def _cuts(video: TrackedVideo) -> set[int]:
    """Timeline frames at which a shot, and so a track, begins: the video's first, and those after a cut."""
    return {0, *(part.end_frame for face in video.faces for part in face.parts if part.end_rule == "cut")}


@lru_cache(maxsize=2)
def _arrays(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Meshes (T, 468, 3) in px as shown, alignments (T, 2, 3), and how much the mouth is seen (T,)."""
    with np.load(path) as arrays:
        align = arrays["align"].astype(np.float64)
        aligned = arrays["mesh"].astype(np.float64) * (TUBE_FACE_PX / MESH_UNIT)
        seen = _mouth_seen(arrays["visibility"])
    scale = np.hypot(align[:, 0, 0], align[:, 1, 0])[:, None, None]
    mesh = np.concatenate([apply_affine(invert_affine(align), aligned[..., :2]), aligned[..., 2:] / scale], axis=2)
    return mesh.astype(np.float32), align, seen


def _mouth_seen(probability: np.ndarray) -> np.ndarray:
    length = min(_SMOOTHED_FRAMES, len(probability))
    padded = np.pad(probability, (length // 2, (length - 1) // 2), mode="edge")
    smoothed = np.convolve(padded, np.full(length, 1 / length), mode="valid")
    return _smooth((smoothed - _HIDDEN) / (_SEEN - _HIDDEN))


def _smooth(share: np.ndarray | float) -> np.ndarray:
    share = np.clip(share, 0.0, 1.0)
    return share * share * (3 - 2 * share)


def _between(values: np.ndarray, place: float) -> np.ndarray:
    low = min(int(place), len(values) - 1)
    high = min(low + 1, len(values) - 1)
    return values[low] * (1 - (place - low)) + values[high] * (place - low)
