"""Augmentation of faces: other light and skin, and faces seen in a mirror; stills and targets of a clip alike.

Shapes: B clips, K targets of each, N stills of a clip.
"""

import dataclasses

import numpy as np
import torch
from torch import Tensor

from speech2vid.generator_training.batches import GeneratorBatch
from speech2vid.reader.drawn_sample import mirrored_lips

_MAX_BYTE = 255.0


def augment_faces(batch: GeneratorBatch, colour: float, mirror: bool) -> GeneratorBatch:
    """Augment each clip on its own. Draws from torch's random numbers.

    colour: largest deviation of a channel's gain from 1; mirror: half of the clips are mirrored, with their lip shapes.
    """
    batch = _with_gains(batch, colour) if colour else batch
    return _half_mirrored(batch) if mirror else batch


def _with_gains(batch: GeneratorBatch, colour: float) -> GeneratorBatch:
    num_clips, device = len(batch.identity), batch.identity.device
    # Light is the same gain of all channels; its colour and the skin's differ less.
    light_B1 = torch.empty(num_clips, 1, device=device).uniform_(1 - colour, 1 + colour)
    tint_B3 = torch.empty(num_clips, 3, device=device).uniform_(1 - colour / 2, 1 + colour / 2)
    gains_B311 = (light_B1 * tint_B3)[:, :, None, None]
    num_stills = batch.identity.shape[1] // 3
    return dataclasses.replace(
        batch,
        targets=(batch.targets * gains_B311.repeat_interleave(batch.num_targets, 0)).clamp(0, 1),
        identity=(batch.identity * gains_B311.repeat(1, num_stills, 1, 1)).clamp(0, _MAX_BYTE),
    )


def _half_mirrored(batch: GeneratorBatch) -> GeneratorBatch:
    is_mirrored_B = torch.rand(len(batch.identity), device=batch.identity.device) < 0.5
    of_targets = is_mirrored_B.repeat_interleave(batch.num_targets)
    lips = torch.from_numpy(mirrored_lips(batch.lips.cpu().numpy().astype(np.float32))).to(batch.lips.device)
    return dataclasses.replace(
        batch,
        targets=_where(of_targets, batch.targets.flip(-1), batch.targets),
        identity=_where(is_mirrored_B, batch.identity.flip(-1), batch.identity),
        lips=torch.where(of_targets[:, None], lips, batch.lips),
    )


def _where(is_first_B: Tensor, first_BCHW: Tensor, second_BCHW: Tensor) -> Tensor:
    return torch.where(is_first_B[:, None, None, None], first_BCHW, second_BCHW)
