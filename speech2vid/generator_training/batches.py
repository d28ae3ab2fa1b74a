"""Batches of the generator's training, as tensors on the device.

Shapes: B clips, K targets of each, N stills of a clip, S px side, C channels and W columns of audio features, L
coordinates of a target's lip points.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from schemas.errors import UsageError
from speech2vid.generator.networks import STILL_PX, resized


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeneratorBatch:
    """Targets in rows; the K of one clip are consecutive."""

    audio: Tensor  # float32 (B K, 1, C, W); for MFCC C = 12 and W = 35
    targets: Tensor  # float32 (B K, 3, S, S), RGB in 0..1; S: the generator's image_px
    identity: Tensor  # float32 (B, 3 N, 112, 112), RGB in 0..255
    lips: Tensor  # float32 (B K, L)
    clips: Tensor  # int64 (B,), a number derived from each clip's key
    num_targets: int  # K

    def __len__(self) -> int:
        """Targets of all clips."""
        return len(self.audio)

    @property
    def stills(self) -> Tensor:
        """Stills (B, N, 3, 112, 112), RGB in 0..1."""
        return self.identity.unflatten(1, (-1, 3)) / 255

    def with_wrong_audio(self) -> Tensor:
        """Audio in which each clip has the previous clip's windows."""
        return self.audio.roll(self.num_targets, 0)


def generator_batch(sample: Mapping[str, Any], image_px: int, device: torch.device) -> GeneratorBatch:
    """Convert a batch of SampleStream.

    A batch of one clip, which an epoch can end with, is doubled, because batch norm needs two.
    """
    values = [torch.as_tensor(sample[name]) for name in ("audio", "target", "identity", "target_mesh")]
    values.append(torch.tensor([zlib.crc32(key.encode()) for key in sample["key"]]))
    audio, target, identity, lips, clips = (
        (value if len(value) > 1 else torch.cat([value, value])).to(device, non_blocking=True) for value in values
    )
    targets_B3HW = target.flatten(0, 1).permute(0, 3, 1, 2).float() / 255
    _require_canonical(identity)
    identity_BCHW = identity.permute(0, 1, 4, 2, 3).flatten(1, 2).float()
    return GeneratorBatch(
        audio=audio.flatten(0, 1),
        targets=resized(targets_B3HW, image_px).contiguous(memory_format=torch.channels_last),
        identity=identity_BCHW.contiguous(memory_format=torch.channels_last),
        lips=lips.flatten(0, 1).float(),
        clips=clips,
        num_targets=audio.shape[1],
    )


def _require_canonical(identity: Tensor) -> None:
    if identity.shape[-2] != STILL_PX:
        raise UsageError(
            f"the dataset's faces are {identity.shape[-2]} px, but the generator takes {STILL_PX}: build it with "
            f"`talkshard build --set clips.image_px={STILL_PX}`"
        )
