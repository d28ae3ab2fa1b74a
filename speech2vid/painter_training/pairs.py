"""What the painter learns from: a frame of a clip, and what a warp of other frames of the same clip makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schemas.stored.clip import Clip, open_clip
from schemas.stored.clip_index import StoredClips
from speech2vid.rendering.combined_still import combine_stills
from speech2vid.rendering.painter_input import PART, VIEW_PX, painter_input
from speech2vid.rendering.regions import lower_face
from speech2vid.rendering.still import Still
from transforms.media.canonical import MESH_UNIT

_GAP_FRAMES = 4  # least distance of stills from the target, where the clip is long enough
_MAX_STILLS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSettings:
    """How pairs are drawn."""

    balance: float = 0.5  # a person with n clips is drawn as often as n ** balance
    one_still_share: float = 0.4  # of the pairs that have one still alone
    repaint_share: float = 0.25  # of the pairs whose base is the target, with its lower face to be painted anew
    mesh_error: float = 0.15  # at most so much of another frame's mesh is mixed into the target's


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """One sample."""

    planes: np.ndarray  # float32 (19, P, P), see PainterInput
    target: np.ndarray  # float32 (3, P, P), 0..1


def draw_pair(clips: StoredClips, weights: np.ndarray, settings: PairSettings, random: np.random.Generator) -> Pair:
    """Draw a clip by its weight, and a pair of it."""
    clip = open_clip(next(clips.read([int(random.choice(len(weights), p=weights))])))
    return pair_of_clip(clip, settings, random)


def clip_weights(speakers: Sequence[str], balance: float) -> np.ndarray:
    """How often each clip is drawn, float (N,), together 1."""
    _, person, counts = np.unique(speakers, return_inverse=True, return_counts=True)
    weights = counts[person] ** (balance - 1.0)
    return weights / weights.sum()


def pair_of_clip(clip: Clip, settings: PairSettings, random: np.random.Generator) -> Pair:
    """Draw a pair of a clip."""
    meshes = clip.mesh.astype(np.float32) * (clip.image_px / MESH_UNIT)
    target = int(random.integers(clip.num_frames))
    stills = [
        Still(face_rgb=clip.face(frame), mesh_px=meshes[frame])
        for frame in _still_frames(clip.num_frames, target, settings, random)
    ]
    real = Still(face_rgb=clip.face(target), mesh_px=meshes[target])
    other = meshes[random.integers(clip.num_frames)]
    error = random.uniform(0, settings.mesh_error)
    mesh_px = _scaled((1 - error) * real.mesh_px + error * _laid(other, real.mesh_px), clip.image_px)
    if random.random() < settings.repaint_share:
        seen = _repainted(meshes, mesh_px, clip.image_px, random)
        found = painter_input(real, stills, mesh_px, seen)
    else:
        base = combine_stills(stills) if random.random() < 0.5 else stills[0]
        found = painter_input(base, stills, mesh_px)
    assert clip.image_px == VIEW_PX
    wanted = np.ascontiguousarray(real.face_rgb[PART].transpose(2, 0, 1), dtype=np.float32) / 255
    return Pair(planes=found.planes, target=wanted)


def _still_frames(num_frames: int, target: int, settings: PairSettings, random: np.random.Generator) -> np.ndarray:
    away = np.flatnonzero(np.abs(np.arange(num_frames) - target) >= min(_GAP_FRAMES, num_frames // 3))
    number = 1 if random.random() < settings.one_still_share else int(random.integers(2, _MAX_STILLS + 1))
    return random.permutation(away)[:number]


def _repainted(meshes: np.ndarray, mesh_px: np.ndarray, side_px: int, random: np.random.Generator) -> np.ndarray:
    """The part that is painted anew: the lower face of the target and of some other frames, made wider or narrower.

    Were it the target's own outline, the network would read the jaw from it.
    """
    some = _scaled(meshes[random.integers(len(meshes), size=3)], side_px)
    some[..., :2] += mesh_px[:, :2].mean(0) - some[..., :2].mean(1, keepdims=True)
    union = np.concatenate([mesh_px[None], some])
    middle = union[..., :2].mean((0, 1))
    union[..., :2] = middle + (union[..., :2] - middle) * random.uniform(1.0, 1.15, 2).astype(np.float32)
    return lower_face(union, VIEW_PX)[PART]


def _laid(mesh: np.ndarray, onto: np.ndarray) -> np.ndarray:
    return mesh + (onto - mesh)[[33, 263, 1]].mean(0)


def _scaled(meshes: np.ndarray, side_px: int) -> np.ndarray:
    return meshes * np.float32(VIEW_PX / side_px)
