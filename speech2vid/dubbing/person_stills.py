"""Stills of the dubbed person out of the video itself: bounded in number, spread over mouth shapes and poses."""

import itertools
from collections.abc import Sequence

import numpy as np

from speech2vid.dubbing.tracked_faces import TUBE_FACE_PX, TrackedFace, TrackPart
from speech2vid.rendering.still import Still
from transforms.media.canonical import MESH_UNIT, apply_affine, head_pose_deg, invert_affine, mouth_opening
from transforms.media.face_crop import decode_jpeg

MAX_STILLS = 48
_OPENING_PER_DEG = 0.01  # difference of opening that counts as much as one degree of pose


def person_stills(faces: Sequence[TrackedFace]) -> list[Still]:
    """Up to MAX_STILLS faces as they were cut out, not aligned: as unlike each other in pose and mouth as possible."""
    kept: list[Still] = []
    for part in sorted((part for face in faces for part in face.parts), key=lambda part: part.start_frame):
        kept += _of_part(part)
        if len(kept) > 2 * MAX_STILLS:
            kept = _most_unlike(kept)
    return _most_unlike(kept)


def _of_part(part: TrackPart) -> list[Still]:
    with np.load(part.path) as arrays:
        frames, index, jpeg = arrays["still_frames"], arrays["still_index"], arrays["still_jpeg"]
        aligned = arrays["mesh"][frames].astype(np.float64) * (TUBE_FACE_PX / MESH_UNIT)
        from_aligned = invert_affine(arrays["align"][frames].astype(np.float64))
        from_source = invert_affine(arrays["still_to_source"].astype(np.float64))
    crops = [decode_jpeg(jpeg[first:last]) for first, last in itertools.pairwise(index)]
    scale = np.hypot(from_aligned[:, 0, 0], from_aligned[:, 1, 0]) * from_source[:, 0, 0]
    xy = apply_affine(from_source, apply_affine(from_aligned, aligned[..., :2]))
    meshes = np.concatenate([xy, aligned[..., 2:] * scale[:, None, None]], axis=2).astype(np.float32)
    return [Still(face_rgb=crop, mesh_px=mesh) for crop, mesh in zip(crops, meshes, strict=True)]


def _most_unlike(stills: list[Still]) -> list[Still]:
    """MAX_STILLS of them: the most open mouth, then each time the one that is furthest from all that were chosen."""
    if len(stills) <= MAX_STILLS:
        return stills
    meshes = np.stack([still.mesh_px for still in stills])
    opening = mouth_opening(meshes)
    places = np.column_stack([opening / _OPENING_PER_DEG, head_pose_deg(meshes)[:, :2]])
    chosen = [int(opening.argmax())]
    distance = np.full(len(stills), np.inf)
    while len(chosen) < MAX_STILLS:
        distance = np.minimum(distance, np.linalg.norm(places - places[chosen[-1]], axis=1))
        chosen.append(int(distance.argmax()))
    return [stills[index] for index in sorted(chosen)]
