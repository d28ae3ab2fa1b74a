"""Whether a shown face is still the same person: by distances that real faces of the same clips give a meaning."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speech2vid.evaluation.face_networks import FaceNetwork

FACES_A_CLIP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFace:
    """The embeddings of one clip's true faces."""

    key: str
    speaker: str
    vectors: np.ndarray  # float32 (FACES_A_CLIP, D)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityCalibration:
    """What distances between real faces are worth here."""

    network: str
    sha256: str
    same_distance: float  # mean, same person
    different_distance: float  # mean, different people
    threshold: float  # below it two faces count as one person: as many same as different pairs are taken wrongly
    error_share: float  # of pairs taken wrongly at that threshold
    num_same: int  # pairs
    num_different: int  # pairs


def faces_to_embed(num_frames: int, is_still: np.ndarray) -> np.ndarray:
    """Places of FACES_A_CLIP frames spread over a clip, not those that were given as stills where others are left."""
    free = np.flatnonzero(~is_still[:num_frames])
    free = free if len(free) else np.arange(num_frames)
    return free[((np.arange(FACES_A_CLIP) + 0.5) * len(free) / FACES_A_CLIP).astype(int)]


def embed_faces(network: FaceNetwork, faces_rgb: np.ndarray, meshes_px: np.ndarray, stored_px: int) -> np.ndarray:
    """Vectors float32 (N, D) of faces (N, S, S, 3) whose points lie where the true faces have theirs.

    meshes_px: (N, 468, 3) of the true faces, px of the stored face: both are aligned alike, and a face that does not
    look like one must not be helped by points of its own.
    """
    points = (meshes_px + 0.5) * (faces_rgb.shape[1] / stored_px) - 0.5
    return np.stack(
        [network.embed(np.ascontiguousarray(face), mesh) for face, mesh in zip(faces_rgb, points, strict=True)]
    )


def calibrate(network: FaceNetwork, known: Sequence[KnownFace]) -> IdentityCalibration | None:
    """From all pairs of clips, and of the first and last face of one; None where there is one person only."""
    same = [float(network.distance(face.vectors[0], face.vectors[-1])) for face in known]
    different = []
    for place, one in enumerate(known):
        for other in known[place + 1 :]:
            pairs = same if one.speaker == other.speaker else different
            pairs.append(float(network.distance(one.vectors[1], other.vectors[1])))
    if not different:
        return None
    threshold, error_share = equal_error(np.array(same), np.array(different))
    return IdentityCalibration(
        network=network.name,
        sha256=network.sha256,
        same_distance=float(np.mean(same)),
        different_distance=float(np.mean(different)),
        threshold=threshold,
        error_share=error_share,
        num_same=len(same),
        num_different=len(different),
    )


def equal_error(same: np.ndarray, different: np.ndarray) -> tuple[float, float]:
    """Threshold where the shares of misjudged same and different pairs are nearest to equal, and their mean there."""
    edges = np.unique(np.concatenate([same, different]))
    limits = np.concatenate([edges, (edges[:-1] + edges[1:]) / 2])
    missed = (same[None] >= limits[:, None]).mean(1)
    taken = (different[None] < limits[:, None]).mean(1)
    best = np.lexsort((missed + taken, np.abs(missed - taken)))[0]
    return float(limits[best]), float((missed[best] + taken[best]) / 2)


def nearest_other(network: FaceNetwork, vectors: np.ndarray, speaker: str, known: Sequence[KnownFace]) -> float | None:
    """Distance of shown faces (N, D) to the nearest other person's true ones; None where there is nobody else."""
    distances = [
        float(network.distance(vectors[:, None], other.vectors[None]).mean())
        for other in known
        if other.speaker != speaker
    ]
    return min(distances, default=None)
