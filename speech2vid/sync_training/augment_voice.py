"""Augmentation of speech features: features of the audio in other voices, rooms and microphones."""

from typing import Any

import numpy as np
from scipy.signal import firwin2, lfilter, resample_poly

from schemas.clock import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from speech2vid.sync_training.clips import at_times
from transforms.speakers.speech_encoder import FEATURES_PER_FRAME, SpeechEncoder

_MAX_VERSIONS, _MIN_VERSIONS = 16, 2
_AUGMENTED_S_OF_A_SPEAKER = 2400  # speakers with much audio get fewer versions of it
_PITCH_PERCENT = (85, 90, 93, 96, 100, 104, 108, 112, 118)  # the pace changes with the pitch
_FILTER_TAPS = 65
_MAX_CONTEXT_FRAMES = 75
_USUAL_LEVEL = 0.08  # of full scale


def augmented_voices(
    audio: list[np.ndarray], speakers: list[str], encoder: SpeechEncoder, seed: int
) -> list[np.ndarray]:
    """Features float16 (V, 2 T, 288) of each int16 audio (640 T,): unchanged first, then V - 1 augmented versions.

    All audio of the list may serve as background of another. The same seed gives the same features.
    """
    seconds: dict[str, float] = {}
    for speaker, samples in zip(speakers, audio, strict=True):
        seconds[speaker] = seconds.get(speaker, 0.0) + len(samples) / SAMPLE_RATE_HZ
    features = []
    for index, (speaker, samples) in enumerate(zip(speakers, audio, strict=True)):
        random = np.random.default_rng([seed, index])
        wanted = _AUGMENTED_S_OF_A_SPEAKER / max(seconds[speaker], 1)
        num_versions = round(float(np.clip(wanted, _MIN_VERSIONS, _MAX_VERSIONS)))
        augmented = [_augmented_features(samples, audio, encoder, random) for _ in range(num_versions - 1)]
        features.append(np.stack([encoder.encode(samples), *augmented]).astype(np.float16))
    return features


def augment_voice(
    samples: np.ndarray, others: list[np.ndarray], random: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Audio with another timbre, background, noise, pitch and level: int16 (640 S,), and its length over the former.

    Apart from that ratio nothing moves what is said relative to the lips.
    """
    audio = samples / 32768.0
    level = np.sqrt(np.mean(audio**2)) + 1e-6
    audio = _equalised(audio, random)
    if random.random() < 0.35:
        audio = audio + _at_level(_excerpt(others, len(audio), random), level * _decibels(-random.uniform(3, 18)))
    min_db = 0 if random.random() < 0.3 else 8
    audio = audio + _at_level(_noise(len(audio), random), level * _decibels(-random.uniform(min_db, 35)))
    changed = resample_poly(audio, int(random.choice(_PITCH_PERCENT)), 100)
    ratio = len(changed) / len(samples)
    changed = _at_level(changed, _USUAL_LEVEL * _decibels(random.normal(0, 4)))
    whole_frames = np.pad(changed, (0, -len(changed) % SAMPLES_PER_FRAME))
    return (np.clip(whole_frames, -1, 1) * 32767).astype(np.int16), ratio


def _augmented_features(
    samples: np.ndarray, others: list[np.ndarray], encoder: SpeechEncoder, random: np.random.Generator
) -> np.ndarray:
    """Features of augmented audio between other audio, at the times of the unchanged features."""
    changed, ratio = augment_voice(samples, others, random)
    before, after = (_context(changed, random) for _ in range(2))
    first = FEATURES_PER_FRAME * (len(before) // SAMPLES_PER_FRAME)
    places = (np.arange(FEATURES_PER_FRAME * (len(samples) // SAMPLES_PER_FRAME)) + 0.5) * ratio - 0.5
    return at_times(encoder.encode(np.concatenate([before, changed, after])), first + places)


def _context(audio: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Audio to put before or after, int16 (640 S,): near silence or more speech, of up to three seconds.

    The encoder's features at a moment depend on the seconds around it.
    """
    length = SAMPLES_PER_FRAME * int(random.integers(0, _MAX_CONTEXT_FRAMES + 1))
    if random.random() < 0.5:
        return random.normal(0, random.uniform(0.5, 30), length).astype(np.int16)
    return np.resize(audio, length)


def _equalised(audio: np.ndarray, random: np.random.Generator) -> np.ndarray:
    gains = _decibels(random.normal(0, 5, 7))
    taps = firwin2(_FILTER_TAPS, np.linspace(0, 1, 7), gains)
    half = _FILTER_TAPS // 2
    return lfilter(taps, 1, np.concatenate([audio, np.zeros(half)]))[half:]


def _excerpt(others: list[np.ndarray], length: int, random: np.random.Generator) -> np.ndarray:
    other = others[random.integers(len(others))]
    return np.resize(np.roll(other, random.integers(len(other))), length) / 32768.0


def _noise(length: int, random: np.random.Generator) -> np.ndarray:
    """Noise that falls off towards high frequencies, more or less."""
    spectrum = np.fft.rfft(random.normal(0, 1, length))
    return np.fft.irfft(spectrum / np.arange(1, len(spectrum) + 1) ** random.uniform(0, 0.7), length)


def _at_level(audio: np.ndarray, level: float) -> np.ndarray:
    return audio * (level / (np.sqrt(np.mean(audio**2)) + 1e-6))


def _decibels(gain_db: Any) -> Any:
    """Gain in decibels to a factor."""
    return 10 ** (gain_db / 20)
