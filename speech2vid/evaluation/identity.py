"""Whether a face is still the same person: distances of face embeddings, calibrated on real faces of the same clips."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speech2vid.evaluation.clips import EvaluationClip
from transforms.people.face_networks import FaceNetwork

FACES_PER_CLIP = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceFaces:
    """Embeddings of one clip's true faces."""

    key: str
    speaker: str
    vectors: np.ndarray  # float32 (FACES_PER_CLIP, D)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityCalibration:
    """Distances between real faces of these clips, which give the other distances a meaning."""

    network: str
    sha256: str
    same_distance: float  # mean, same person
    different_distance: float  # mean, different people
    threshold: float  # of the equal error rate: below it two faces count as one person
    error_share: float  # of pairs on the wrong side of that threshold
    num_same: int  # pairs
    num_different: int  # pairs


def reference_faces(network: FaceNetwork, clip: EvaluationClip) -> ReferenceFaces:
    """Embed some of a clip's true faces."""
    faces, mesh_px = clip.faces(), clip.mesh_px()
    places = faces_to_embed(len(faces), clip.is_still())
    return ReferenceFaces(
        key=clip.key,
        speaker=clip.speaker,
        vectors=embed_faces(network, faces[places], mesh_px[places], clip.stored.image_px),
    )


def faces_to_embed(num_frames: int, is_still: np.ndarray) -> np.ndarray:
    """Indices of FACES_PER_CLIP frames spread over a clip, without those given as stills unless all were."""
    free = np.flatnonzero(~is_still[:num_frames])
    free = free if len(free) else np.arange(num_frames)
    return free[((np.arange(FACES_PER_CLIP) + 0.5) * len(free) / FACES_PER_CLIP).astype(int)]


def embed_faces(network: FaceNetwork, faces_rgb: np.ndarray, meshes_px: np.ndarray, stored_px: int) -> np.ndarray:
    """Vectors float32 (N, D) of faces (N, S, S, 3), aligned by the mesh of the true faces.

    meshes_px: (N, 468, 3) of the true faces, px of the stored face. With a mesh of its own, a face that hardly looks
    like one could be aligned to a better score.
    """
    points = (meshes_px + 0.5) * (faces_rgb.shape[1] / stored_px) - 0.5
    return np.stack(
        [network.embed(np.ascontiguousarray(face), mesh) for face, mesh in zip(faces_rgb, points, strict=True)]
    )


def calibrate(network: FaceNetwork, references: Sequence[ReferenceFaces]) -> IdentityCalibration | None:
    """Calibrate on all pairs of clips, and on the first and last face of each; None for one person alone."""
    same = [float(network.distance(faces.vectors[0], faces.vectors[-1])) for faces in references]
    different: list[float] = []
    for place, one in enumerate(references):
        for other in references[place + 1 :]:
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
    """Threshold where the false rejection and false acceptance rates are closest, and the mean of both rates there."""
    edges = np.unique(np.concatenate([same, different]))
    limits = np.concatenate([edges, (edges[:-1] + edges[1:]) / 2])
    rejected = (same[None] >= limits[:, None]).mean(1)
    accepted = (different[None] < limits[:, None]).mean(1)
    best = np.lexsort((rejected + accepted, np.abs(rejected - accepted)))[0]
    return float(limits[best]), float((rejected[best] + accepted[best]) / 2)


def nearest_other(
    network: FaceNetwork, vectors: np.ndarray, speaker: str, references: Sequence[ReferenceFaces]
) -> float | None:
    """Mean distance of vectors (N, D) to the true faces of the nearest other person; None without another person."""
    distances = [
        float(network.distance(vectors[:, None], other.vectors[None]).mean())
        for other in references
        if other.speaker != speaker
    ]
    return min(distances, default=None)
