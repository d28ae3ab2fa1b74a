"""Other voices, microphones and rooms that say the same, made on windows of sound: few people speak in small data."""

import torch
from torch import Tensor

from speech2vid.generator_training.augment_mfcc import change_mfcc
from speech2vid.reader.audio_features import MFCC, SoundKind

_NOISE = 0.3  # of a channel's deviation
_FORGOTTEN = 0.1  # share of channels


def change_sound(sound_B1CT: Tensor, kind: SoundKind) -> Tensor:
    """Each window's own change. Draws from torch's random numbers."""
    return change_mfcc(sound_B1CT) if kind == MFCC else change_speech(sound_B1CT)


def change_speech(sound_B1CT: Tensor) -> Tensor:
    """Features of a speech encoder with noise, and some channels at their mean, the same over a window."""
    mean_C1, spread_C1 = sound_B1CT.mean((0, 1, 3))[:, None], sound_B1CT.std((0, 1, 3))[:, None]
    noisy_B1CT = sound_B1CT + _NOISE * spread_C1 * torch.randn_like(sound_B1CT)
    forgotten_B1C1 = torch.rand_like(sound_B1CT[..., :1]) < _FORGOTTEN
    return torch.where(forgotten_B1C1, mean_C1, noisy_B1CT)
