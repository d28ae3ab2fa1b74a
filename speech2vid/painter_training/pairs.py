"""What the painter learns from: a frame of a clip, and what a warp of other frames of the same clip makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from schemas.stored.clip import Clip
from speech2vid.painter_training.settings import PairSettings
from speech2vid.rendering.combined_still import combine_stills
from speech2vid.rendering.painter_input import VIEW_PX, Part, painter_input, view_px
from speech2vid.rendering.regions import lower_face
from speech2vid.rendering.still import Still
from transforms.media.canonical import MESH_UNIT, NOSE_TIP

_GAP_FRAMES = 4  # least distance of stills from the target, where the clip is long enough
_MAX_STILLS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """One sample."""

    planes: np.ndarray  # float32 (19, P, P), see PainterInput
    target: np.ndarray  # float32 (3, P, P), 0..1


def clip_weights(speakers: Sequence[str], balance: float) -> np.ndarray:
    """How often each clip is drawn, float (N,), together 1."""
    _, person, counts = np.unique(speakers, return_inverse=True, return_counts=True)
    weights = counts[person] ** (balance - 1.0)
    return weights / weights.sum()


def draw_pair(clip: Clip, settings: PairSettings, repaint: bool, random: np.random.Generator) -> Pair:
    """Draw a frame of a clip, and stills of it.

    repaint: the base is the frame itself, whose lower face is painted again. IntegrityError: a part is damaged.
    """
    target = int(random.integers(clip.num_frames))
    real, *stills = (
        still_of(clip, frame) for frame in (target, *_still_frames(clip.num_frames, target, settings, random))
    )
    meshes = _meshes(clip)
    error = random.uniform(0, settings.mesh_error)
    mesh_px = view_px(real.mesh_px, real) + error * _difference(
        meshes[random.integers(clip.num_frames)], meshes[target]
    )
    if repaint:
        found = painter_input(real, stills, mesh_px, _repainted(meshes, mesh_px, random))
    else:
        if len(stills) > 1 and random.random() < settings.combined_share:
            stills = [combine_stills(stills), *stills]
        found = painter_input(stills[0], stills, mesh_px)
    return Pair(planes=found.planes, target=part_of(real, found.part))


def still_of(clip: Clip, frame: int) -> Still:
    """A frame of a clip. IntegrityError: a part is damaged."""
    mesh_px = clip.mesh[frame].astype(np.float32) * (clip.image_px / MESH_UNIT)
    return Still(face_rgb=clip.face(frame), mesh_px=mesh_px)


def _meshes(clip: Clip) -> np.ndarray:
    """All meshes of a clip, in px of the aligned face at VIEW_PX."""
    middle = np.array([0.5, 0.5, 0], np.float32)
    pixels = clip.mesh.astype(np.float32) * (VIEW_PX / MESH_UNIT)
    return pixels + middle * (VIEW_PX / clip.image_px - 1)


def part_of(still: Still, part: Part) -> np.ndarray:
    """The painted part of a face as it is, float32 (3, P, P), 0..1."""
    face = still.face_rgb
    if len(face) != VIEW_PX:
        face = cv2.resize(face, (VIEW_PX, VIEW_PX), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(face[part].transpose(2, 0, 1), dtype=np.float32) / 255


def _still_frames(num_frames: int, target: int, settings: PairSettings, random: np.random.Generator) -> list[int]:
    away = np.flatnonzero(np.abs(np.arange(num_frames) - target) >= min(_GAP_FRAMES, num_frames // 3))
    number = 1 if random.random() < settings.one_still_share else int(random.integers(2, _MAX_STILLS + 1))
    return random.permutation(away)[:number].tolist()


def _repainted(meshes: np.ndarray, mesh_px: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """What is painted again: the lower face of the target and of some other frames, made wider.

    Were it the target's own outline, the network would read the jaw from it.
    """
    some = mesh_px + np.stack([_difference(meshes[number], mesh_px) for number in random.integers(len(meshes), size=3)])
    union = np.concatenate([mesh_px[None], some])[..., :2]
    middle = union.mean((0, 1))
    return lower_face(middle + (union - middle) * random.uniform(1.0, 1.15, 2), VIEW_PX)


def _difference(mesh: np.ndarray, other: np.ndarray) -> np.ndarray:
    """What a mesh adds to another one, with the tip of its nose laid on the other's."""
    return (mesh - mesh[NOSE_TIP]) - (other - other[NOSE_TIP])
