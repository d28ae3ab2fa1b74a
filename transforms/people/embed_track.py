"""The embedding of one track: the mean over a few faces of its clips, sharp, frontal and spread over time."""

import functools
import itertools
from collections.abc import Callable, Sequence

import numpy as np

from schemas.stored.clip import Clip
from transforms.media.canonical import MESH_UNIT, head_pose_deg
from transforms.media.face_crop import sharpness
from transforms.people.face_networks import FaceNetwork

_CANDIDATES = 3  # frontal frames of a stretch, of which the sharpest is taken


def chosen_clips(num_clips: int, num_faces: int) -> list[int]:
    """Which of a track's clips, in order of time, give faces: at most one a face, spread evenly."""
    num = min(num_clips, num_faces)
    return [(2 * place + 1) * num_clips // (2 * num) for place in range(num)]


def faces_each(num_clips: int, num_faces: int) -> list[int]:
    """How many faces each of so many chosen clips gives, which differ by one at most."""
    return [num_faces * (place + 1) // num_clips - num_faces * place // num_clips for place in range(num_clips)]


def embed_track(clips: Sequence[Clip], num_faces: int, network: FaceNetwork) -> np.ndarray:
    """Mean embedding float32 (D,) of `num_faces` faces of the clips chosen from one track, in order of time."""
    vectors = [
        network.embed(clip.face(frame), clip.mesh[frame].astype(np.float32) * (clip.image_px / MESH_UNIT))
        for clip, num in zip(clips, faces_each(len(clips), num_faces), strict=True)
        for frame in chosen_frames(clip.mesh, num, functools.partial(_sharpness_of, clip))
    ]
    return np.stack(vectors).mean(axis=0, dtype=np.float64).astype(np.float32)


def _sharpness_of(clip: Clip, frame: int) -> float:
    return sharpness(clip.face(frame))


def chosen_frames(mesh: np.ndarray, num_faces: int, sharpness_of: Callable[[int], float]) -> list[int]:
    """A frame of each of `num_faces` equal stretches of a clip: the sharpest of its most frontal ones.

    mesh: (T, 468, 3). A clip of fewer frames gives each of them once.
    """
    num = min(num_faces, len(mesh))
    turned = np.hypot(*head_pose_deg(mesh)[:, :2].T)  # yaw and pitch
    edges = [len(mesh) * place // num for place in range(num + 1)]
    frames = []
    for start, end in itertools.pairwise(edges):
        frontal = start + np.argsort(turned[start:end], kind="stable")[:_CANDIDATES]
        frames.append(max(sorted(frontal.tolist()), key=sharpness_of))
    return frames
