"""Validation of a generator on clips of people who are held out of its training.

Shapes: N stills of P px, F frames of S px of one clip, C channels and W columns of audio features.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from schemas.errors import IntegrityError, UsageError
from schemas.stored.clip import Clip, open_clip
from schemas.stored.clip_index import StoredClips, find_clips
from speech2vid.evaluation.clips import spread_frames
from speech2vid.evaluation.lips import read_meshes, score_lips
from speech2vid.generator.lip_network import mouths
from speech2vid.generator.networks import resized
from speech2vid.generator_training.recipes import GeneratorTrainingSettings
from speech2vid.reader.audio_features import ClipAudioFeatures, frames_with_window, windows_of
from speech2vid.training.held_out import HeldOut
from speech2vid.training.task import Validation
from speech2vid.training.watch import image_grid
from transforms.faces.mesh import MediaPipeMesh
from transforms.media.canonical import MESH_UNIT

Generate = Callable[[Tensor, Tensor], Tensor]
"""Faces (F, 3, S, S), 0..1, of audio windows (F, 1, C, W) and one row of stills (1, 3 N, P, P), 0..255."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ValidationClip:
    """Some frames of a clip, in order."""

    windows: Tensor  # float32 (F, 1, C, W)
    identity: Tensor  # float32 (1, 3 N, P, P), RGB in 0..255
    targets: Tensor  # float32 (F, 3, S, S), RGB in 0..1
    mesh_px: np.ndarray  # float32 (F, 468, 3), of the targets, px of them

    @property
    def mean_still(self) -> Tensor:
        """Mean of the stills (1, 3, S, S), RGB in 0..1."""
        still = self.identity.unflatten(1, (-1, 3)).mean(1) / 255
        return resized(still, self.targets.shape[-1])


class ValidationFaces:
    """The clips of a validation, held in memory."""

    def __init__(self, dataset: str, held_out: HeldOut, settings: GeneratorTrainingSettings) -> None:
        """Read the clips. UsageError: none has as many frames with a whole audio window."""
        clips = find_clips(dataset, held_out.split, held_out.where)
        chosen = spread_over_people(clips, settings.validation.clips)
        features = ClipAudioFeatures(settings.generator.features)
        self.clips: list[ValidationClip] = []
        for stored in clips.read(chosen):
            try:
                self.clips += _validation_clip(open_clip(stored), settings, features)
            except IntegrityError:
                continue  # a damaged clip; `talkshard verify` names it
        if not self.clips:
            raise UsageError(
                f"{dataset}: no clip to validate on has {settings.validation.frames} frames with a whole audio window"
            )
        self._mesh = MediaPipeMesh()

    def validate(self, generate: Generate, device: torch.device) -> Validation:
        """Compare generated faces with the true ones: movement by the face mesh, and pixels of the mouth."""
        others = self.clips[1:] + self.clips[:1]
        rows, shown = [], []
        for clip, other in zip(self.clips, others, strict=True):
            identity = clip.identity.to(device)
            faces, wrong = (generate(of.windows.to(device), identity).float().cpu() for of in (clip, other))
            rows.append(self._measures(clip, faces, wrong))
            shown.append((_face_of(clip.identity), clip.targets[:1], faces[:1]))
        measures = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
        columns = [torch.cat([resized(face, 128) for face in column]) for column in zip(*shown, strict=True)]
        return Validation(
            score=_score(measures), measures=measures, images={"still, target, generated": image_grid(columns)}
        )

    def _measures(self, clip: ValidationClip, faces: Tensor, wrong: Tensor) -> dict[str, float]:
        right, control = (score_lips(self._read(clip, made), clip.mesh_px) for made in (faces, wrong))
        true = mouths(clip.targets)
        return {
            "opening r": right.opening_correlation,
            "opening r of wrong audio": control.opening_correlation,
            "opening deviation": right.opening_deviation_ratio,
            "mouth MSE": _squared_error(mouths(faces), true),
            "mouth MSE of the mean still": _squared_error(mouths(clip.mean_still), true),
            "change with audio of 255": 255 * float((mouths(faces) - mouths(wrong)).abs().mean()),
        }

    def _read(self, clip: ValidationClip, faces: Tensor) -> np.ndarray:
        images = (faces.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
        return read_meshes(self._mesh, images, clip.mesh_px.mean(0), faces.shape[-1])


def _score(measures: Mapping[str, float]) -> float:
    """Movement with the audio, less the error of the mouth's pixels relative to that of the mean still.

    A mouth that hardly moves has a correlation by chance, so it counts as far as it moves.
    """
    moved = measures["opening r"] * min(1.0, measures["opening deviation"])
    return moved - measures["mouth MSE"] / measures["mouth MSE of the mean still"]


def spread_over_people(clips: StoredClips, max_clips: int) -> list[int]:
    """Numbers of at most so many clips: one of each person, then a second one; which, a hash of their keys decides."""
    hashes = [hashlib.md5(key.encode()).hexdigest() for key in clips.places["key"].to_pylist()]
    speakers, taken, ranked = clips.speakers, Counter[str](), []
    for number in sorted(range(len(clips)), key=hashes.__getitem__):
        ranked.append((taken[speakers[number]], hashes[number], number))
        taken[speakers[number]] += 1
    return [number for _, _, number in sorted(ranked)[:max_clips]]


def _validation_clip(
    clip: Clip, settings: GeneratorTrainingSettings, features: ClipAudioFeatures
) -> Sequence[ValidationClip]:
    """The clip with its middle frames; none where it is too short."""
    kind, generator = settings.generator.features, settings.generator
    fitting = frames_with_window(clip.num_frames, kind, kind.target_offset)
    if len(fitting) < settings.validation.frames:
        return ()
    first = (len(fitting) - settings.validation.frames) // 2
    frames = fitting[first : first + settings.validation.frames]
    windows = windows_of(features.columns(clip), frames, kind, kind.target_offset)
    stills = _planes(clip.faces(spread_frames(clip.num_frames, generator.num_identity).tolist()))
    made = ValidationClip(
        windows=torch.from_numpy(windows),
        identity=resized(stills, generator.still_px).flatten(0, 1)[None],
        targets=resized(_planes(clip.faces(frames.tolist())) / 255, generator.image_px),
        mesh_px=clip.mesh[frames].astype(np.float32) * (generator.image_px / MESH_UNIT),
    )
    return (made,)


def _planes(faces_rgb: np.ndarray) -> Tensor:
    return torch.from_numpy(faces_rgb).permute(0, 3, 1, 2).float()


def _face_of(identity: Tensor) -> Tensor:
    """The first still (1, 3, P, P), RGB in 0..1."""
    return identity[:, :3] / 255


def _squared_error(mouths_F3HW: Tensor, true_F3HW: Tensor) -> float:
    return float(((mouths_F3HW - true_F3HW) * 255).square().mean())
