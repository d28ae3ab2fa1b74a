"""Made performances: a voice and lips that move with it, which can be cut and sped up at will."""

import numpy as np

from schemas.clock import FRAME_RATE, SAMPLE_RATE_HZ
from transforms.media.canonical import MESH_UNIT
from transforms.media.fingerprint import clip_fingerprint

_SYLLABLES_PER_S = 4.0
_HARMONICS = np.arange(1, 30)


def performance(seed, start_s=0.0, num_frames=75, speed=1.0):
    """Samples int16 (640 T,) and mesh int16 (T, 468, 3) of a part of the performance `seed`, played at a speed."""
    num_samples = num_frames * SAMPLE_RATE_HZ // FRAME_RATE
    at_samples = start_s + speed * np.arange(num_samples) / SAMPLE_RATE_HZ
    at_frames = start_s + speed * (np.arange(num_frames) + 0.5) / FRAME_RATE
    return voice(seed, at_samples), face(seed, at_frames)


def voice(seed, times_s):
    """A buzz through two formants that move from syllable to syllable, and loudness that does too."""
    loudness, first_hz, second_hz, pitch_hz = (
        _curve([seed, number], times_s, low, high)
        for number, (low, high) in enumerate(((-0.2, 1.0), (250, 900), (900, 2800), (100, 160)))
    )
    phase = 2 * np.pi * np.cumsum(pitch_hz * np.gradient(times_s))
    samples = np.zeros(len(times_s))
    for number in _HARMONICS:
        hz = number * pitch_hz
        gain = np.exp(-(((hz - first_hz) / 150) ** 2)) + 0.5 * np.exp(-(((hz - second_hz) / 250) ** 2))
        samples += gain * np.sin(number * phase)
    return np.round(6000 * np.maximum(loudness, 0.01) * samples / 2).clip(-32000, 32000).astype(np.int16)


def face(seed, times_s):
    """A mesh whose inner lips, corners, outer lips and chin move, each by a curve of its own."""
    mesh = np.zeros((len(times_s), 468, 3))
    for number, (upper, lower, axis) in enumerate(((13, 14, 1), (61, 291, 0), (0, 17, 1), (1, 152, 1))):
        distance = _curve([seed, 10 + number], times_s, 0.1, 0.3)
        mesh[:, upper, axis], mesh[:, lower, axis] = 0.5 - distance / 2, 0.5 + distance / 2
    return np.round(mesh * MESH_UNIT).astype(np.int16)


def mirrored(mesh):
    """The mesh of the mirror image: left and right points change places."""
    other = mesh.copy()
    other[..., 0] = MESH_UNIT - mesh[..., 0]
    other[:, [61, 291]] = other[:, [291, 61]]
    return other


def fingerprint_of(seed, **part):
    """Fingerprint of a part of a performance."""
    return clip_fingerprint(*performance(seed, **part))


def _curve(seed, times_s, low, high):
    """Smooth, and new with each syllable: the same for one seed at one time."""
    values = np.random.default_rng(seed).uniform(low, high, 400)
    places = times_s * _SYLLABLES_PER_S + 8
    before = places.astype(int)
    share = (1 - np.cos(np.pi * (places - before))) / 2
    return (1 - share) * values[before] + share * values[before + 1]
