"""Augmentation of audio windows: other voices, microphones and rooms that say the same. Small data has few speakers."""

import torch
from torch import Tensor

from speech2vid.generator_training.augment_mfcc import augment_mfcc
from speech2vid.reader.audio_features import MFCC, AudioFeatures

_NOISE = 0.3  # of a channel's standard deviation
_MASKED = 0.1  # share of channels


def augment_audio(audio_B1CT: Tensor, features: AudioFeatures) -> Tensor:
    """Augment each window on its own. Draws from torch's random numbers."""
    return augment_mfcc(audio_B1CT) if features == MFCC else augment_speech_features(audio_B1CT)


def augment_speech_features(audio_B1CT: Tensor) -> Tensor:
    """Add noise to a speech encoder's features, and set some channels to their mean over the whole window."""
    mean_C1, spread_C1 = audio_B1CT.mean((0, 1, 3))[:, None], audio_B1CT.std((0, 1, 3))[:, None]
    noisy_B1CT = audio_B1CT + _NOISE * spread_C1 * torch.randn_like(audio_B1CT)
    is_masked_B1C1 = torch.rand_like(audio_B1CT[..., :1]) < _MASKED
    return torch.where(is_masked_B1C1, mean_C1, noisy_B1CT)
