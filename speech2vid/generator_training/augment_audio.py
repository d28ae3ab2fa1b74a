"""Other voices, microphones and rooms that say the same, made on windows of audio: few people speak in small data."""

import torch
from torch import Tensor

from speech2vid.generator_training.augment_mfcc import augment_mfcc
from speech2vid.reader.audio_features import MFCC, AudioFeatures

_NOISE = 0.3  # of a channel's deviation
_FORGOTTEN = 0.1  # share of channels


def augment_audio(audio_B1CT: Tensor, kind: AudioFeatures) -> Tensor:
    """Each window's own change. Draws from torch's random numbers."""
    return augment_mfcc(audio_B1CT) if kind == MFCC else augment_speech_features(audio_B1CT)


def augment_speech_features(audio_B1CT: Tensor) -> Tensor:
    """Features of a speech encoder with noise, and some channels at their mean, the same over a window."""
    mean_C1, spread_C1 = audio_B1CT.mean((0, 1, 3))[:, None], audio_B1CT.std((0, 1, 3))[:, None]
    noisy_B1CT = audio_B1CT + _NOISE * spread_C1 * torch.randn_like(audio_B1CT)
    forgotten_B1C1 = torch.rand_like(audio_B1CT[..., :1]) < _FORGOTTEN
    return torch.where(forgotten_B1C1, mean_C1, noisy_B1CT)
