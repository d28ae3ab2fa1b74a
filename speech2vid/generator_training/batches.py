"""Batches of the generator's training, as tensors on the device.

Shapes: B clips, K targets of each, N stills of a clip, S and P px side of targets and stills, C channels and W columns
of audio features, L coordinates of a target's lip points.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from speech2vid.generator.networks import resized
from speech2vid.generator.settings import GeneratorSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeneratorBatch:
    """Targets in rows; the K of one clip are consecutive."""

    audio: Tensor  # float32 (B K, 1, C, W); for MFCC C = 12 and W = 35
    targets: Tensor  # float32 (B K, 3, S, S), RGB in 0..1; S: the generator's image_px
    identity: Tensor  # float32 (B, 3 N, P, P), RGB in 0..255; P: the generator's still_px
    lips: Tensor  # float32 (B K, L)
    clips: Tensor  # int64 (B,), a number derived from each clip's key
    num_targets: int  # K

    def __len__(self) -> int:
        """Targets of all clips."""
        return len(self.audio)

    @property
    def stills(self) -> Tensor:
        """Stills (B, N, 3, P, P), RGB in 0..1."""
        return self.identity.unflatten(1, (-1, 3)) / 255


def generator_batch(sample: Mapping[str, Any], settings: GeneratorSettings, device: torch.device) -> GeneratorBatch:
    """Convert a batch of SampleStream, whose faces may have any size.

    A batch of one clip, which an epoch can end with, is doubled, because batch norm needs two.
    """
    values = [torch.as_tensor(sample[name]) for name in ("audio", "target", "identity", "target_mesh")]
    values.append(torch.tensor([zlib.crc32(key.encode()) for key in sample["key"]]))
    audio, target, identity, lips, clips = (
        (value if len(value) > 1 else torch.cat([value, value])).to(device, non_blocking=True) for value in values
    )
    num_identity = identity.shape[1]
    stills = resized(_planes(identity), settings.still_px).unflatten(0, (-1, num_identity))
    return GeneratorBatch(
        audio=audio.flatten(0, 1),
        targets=resized(_planes(target) / 255, settings.image_px).contiguous(memory_format=torch.channels_last),
        identity=stills.flatten(1, 2).contiguous(memory_format=torch.channels_last),
        lips=lips.flatten(0, 1).float(),
        clips=clips,
        num_targets=audio.shape[1],
    )


def _planes(faces: Tensor) -> Tensor:
    """Faces uint8 (B, K, S, S, 3) as float32 (B K, 3, S, S), 0..255."""
    return faces.flatten(0, 1).permute(0, 3, 1, 2).float()
