"""The shape of the mouth while a voice speaks."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from demo.voice import Phoneme
from schemas.clock import FRAME_RATE

# Prefix of a phoneme's mnemonic -> opening 0..1 and rounding 0..1 (0: spread lips), at the phoneme's start and end.
# The longest prefix counts; a phoneme without an entry is a consonant made with the tongue.
_OPEN, _MIDDLE, _CLOSE, _SPREAD = (1.0, 0.15), (0.62, 0.2), (0.42, 0.3), (0.38, 0.0)
_ROUND_OPEN, _ROUND, _PURSED = (0.7, 0.7), (0.45, 0.85), (0.22, 1.0)
_SHUT, _LIP_TO_TEETH, _HISS, _TONGUE, _REST = (0.0, 0.25), (0.06, 0.2), (0.14, 0.15), (0.27, 0.2), (0.02, 0.3)
_SHAPES = {
    "_": (_REST, _REST),
    "m": (_SHUT, _SHUT),
    "b": (_SHUT, _SHUT),
    "p": (_SHUT, _SHUT),
    "f": (_LIP_TO_TEETH, _LIP_TO_TEETH),
    "v": (_LIP_TO_TEETH, _LIP_TO_TEETH),
    "w": (_PURSED, _PURSED),
    "s": (_HISS, _HISS),
    "z": (_HISS, _HISS),
    "S": (_ROUND, _ROUND),
    "tS": (_ROUND, _ROUND),
    "dZ": (_ROUND, _ROUND),
    "a": (_OPEN, _OPEN),
    "aI": (_OPEN, _SPREAD),
    "aU": (_OPEN, _PURSED),
    "A": (_OPEN, _OPEN),
    "0": (_OPEN, _OPEN),
    "E": (_MIDDLE, _MIDDLE),
    "e": (_MIDDLE, _MIDDLE),
    "eI": (_MIDDLE, _SPREAD),
    "V": (_MIDDLE, _MIDDLE),
    "3": (_CLOSE, _CLOSE),
    "@": (_CLOSE, _CLOSE),
    "I": (_SPREAD, _SPREAD),
    "i": (_SPREAD, _SPREAD),
    "O": (_ROUND_OPEN, _ROUND_OPEN),
    "OI": (_ROUND_OPEN, _SPREAD),
    "oU": (_ROUND_OPEN, _PURSED),
    "U": (_ROUND, _ROUND),
    "u": (_PURSED, _PURSED),
}
_STEP_S = 0.005
_COARTICULATION_S = 0.022  # standard deviation of the smoothing: about as long as lips take to change their shape


def mouth_shapes(phonemes: tuple[Phoneme, ...], num_frames: int) -> np.ndarray:
    """Return opening and rounding, 0..1, at the middle of each frame: float (num_frames, 2)."""
    times_s, shapes = [phonemes[0].start_s - _COARTICULATION_S], [_REST]
    for phoneme in phonemes:
        begin, end = _shapes_of(phoneme.name)
        times_s += [phoneme.start_s + share * (phoneme.end_s - phoneme.start_s) for share in (0.3, 0.7)]
        shapes += [begin, end]
    fine_s = np.arange(0, num_frames / FRAME_RATE + 1, _STEP_S)
    fine = np.stack(
        [
            np.interp(fine_s, times_s, column, right=rest)
            for column, rest in zip(zip(*shapes, strict=True), _REST, strict=True)
        ],
        1,
    )
    smooth = gaussian_filter1d(fine, _COARTICULATION_S / _STEP_S, axis=0)
    middles_s = (np.arange(num_frames) + 0.5) / FRAME_RATE
    return np.stack([np.interp(middles_s, fine_s, column) for column in smooth.T], axis=1)


def _shapes_of(name: str) -> tuple[tuple[float, float], tuple[float, float]]:
    prefixes = [key for key in _SHAPES if name.startswith(key)]
    return _SHAPES[max(prefixes, key=len)] if prefixes else (_TONGUE, _TONGUE)
