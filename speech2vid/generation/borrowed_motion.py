"""What makes a portrait look alive beside the mouth: head motion, blinks and brows, taken from a video of anybody."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from schemas.clock import FRAME_RATE
from schemas.errors import UsageError
from speech2vid.dubbing.tracked_faces import TrackPart, track_video
from transforms.speakers.lip_motion import head_frame

_MIN_S = 2.0
_HEAD_SHARE, _MAX_TURN_DEG = 0.5, 6.0
"""Of the head's own turns, and the largest that is left of them: what a turn uncovers is not in the still."""
_UPPER_Y, _LOWER_Y = 0.0, 0.25
"""In the head's frame: points above the first move as in the video, points below the second as the audio says."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BorrowedMotion:
    """Motion of T frames, relative to its own mean; it is run forwards and backwards for as long as it is needed."""

    turns: np.ndarray  # float64 (T, 3, 3): rotations of the head, for row vectors
    upper: np.ndarray  # float32 (T, 468, 3): displacements in the head's frame, 0 in the lower face

    def moved(self, meshes: np.ndarray, first_frame: int) -> np.ndarray:
        """Meshes float32 (N, 468, 3), of the frames from first_frame on, with this motion added."""
        places = _there_and_back(first_frame + np.arange(len(meshes)), len(self.turns))
        raised = meshes + head_frame(meshes).undo_vectors(self.upper[places])
        centre = raised.mean(1, keepdims=True)
        return ((raised - centre) @ self.turns[places] + centre).astype(np.float32)


def borrow_motion(path: str) -> BorrowedMotion:
    """Motion of the face that a video shows longest. UsageError: none for two seconds; MediaError: no video."""
    with tempfile.TemporaryDirectory(prefix="talkshard-") as folder:
        parts = [part for face in track_video(path, Path(folder)).faces for part in face.parts]
        longest = max(parts, key=_length, default=None)
        if longest is None or _length(longest) < _MIN_S * FRAME_RATE:
            raise UsageError(
                f"--motion_of {path!r} shows no face for {_MIN_S:.0f} s without a break: give a video of one person "
                "who is seen from the front"
            )
        with np.load(longest.path) as arrays:
            return motion_of(arrays["mesh"].astype(np.float64))


def motion_of(meshes: np.ndarray) -> BorrowedMotion:
    """The motion of meshes (T, 468, 3)."""
    frame = head_frame(meshes)
    points = frame.apply(meshes)
    share = np.clip((_LOWER_Y - points.mean(0)[:, 1]) / (_LOWER_Y - _UPPER_Y), 0, 1)
    upper = (points - points.mean(0)) * share[:, None]
    rotations = frame.scaled_rotation / np.cbrt(np.linalg.det(frame.scaled_rotation))[:, None, None]
    left, _, right = np.linalg.svd(rotations.mean(0))
    turns = np.stack([_smaller(left @ right @ rotation.T) for rotation in rotations])
    return BorrowedMotion(turns=turns, upper=upper.astype(np.float32))


def _smaller(turn: np.ndarray) -> np.ndarray:
    """A part of a rotation, limited."""
    vector = cv2.Rodrigues(turn)[0] * _HEAD_SHARE
    angle = float(np.linalg.norm(vector))
    limit = np.radians(_MAX_TURN_DEG)
    return cv2.Rodrigues(vector * min(1.0, limit / max(angle, 1e-9)))[0]


def _there_and_back(frames: np.ndarray, length: int) -> np.ndarray:
    """Indices below length: forwards, then backwards, and so on."""
    period = max(2 * length - 2, 1)
    places = frames % period
    return np.minimum(places, period - places)


def _length(part: TrackPart) -> int:
    return part.end_frame - part.start_frame
