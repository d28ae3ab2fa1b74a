"""Locality-sensitive keys of a fingerprint: clips that share one are compared, all others never meet.

A key is made at each peak and dip of four columns of the audio, from the 0.72 s around it, so that a clip that begins
later or runs a little faster has the same keys. Its bits are the signs of fixed random projections; those nearest to
zero, which an encoder may change, are also given the other way round.
"""

from collections.abc import Iterator

import numpy as np
import scipy

from transforms.media.fingerprint import NUM_AUDIO, Fingerprint

_ANCHOR_COLUMNS = (0, 1, 2, 3)
_REACH = 4  # steps on each side of a peak
_EDGE = 2  # steps; nearer to the clip's ends no key is made, and what lies beyond them is as at the end
_FINE = 4  # places in a step where a peak may lie
_MIN_PROMINENCE = 1.0  # thirds of a standard deviation
_MIN_SPREAD = 2.0  # likewise, root mean square of what is projected: below it little is said
_BITS, _UNSURE_BITS = 24, 3
_PROJECTIONS = np.random.RandomState(0).standard_normal(((2 * _REACH + 1) * NUM_AUDIO, _BITS))
_PROJECTIONS /= np.linalg.norm(_PROJECTIONS, axis=0)
_PLACES = 1 << np.arange(_BITS)


def band_keys(fingerprint: Fingerprint) -> list[str]:
    """The keys of a clip, sorted, each once: some 45 a second; none of a clip without speech."""
    return sorted(set(_keys(fingerprint.audio.astype(np.float64))))


def _keys(audio: np.ndarray) -> Iterator[str]:
    if len(audio) <= 2 * _EDGE + 1:
        return
    curve = scipy.interpolate.CubicSpline(np.arange(len(audio)), audio)
    places = np.arange(_FINE * (len(audio) - 1) + 1) / _FINE
    fine = curve(places)
    for column in _ANCHOR_COLUMNS:
        for sign, name in ((1, "peak"), (-1, "dip")):
            peaks, _ = scipy.signal.find_peaks(sign * fine[:, column], prominence=_MIN_PROMINENCE)
            for place in places[peaks]:
                if _EDGE <= place <= len(audio) - 1 - _EDGE:
                    around = np.clip(place + np.arange(-_REACH, _REACH + 1), 0, len(audio) - 1)
                    yield from (f"{name}{column}-{code:06x}" for code in _codes(curve(around)))


def _codes(around: np.ndarray) -> list[int]:
    """The codes of what lies around one peak, (9, 8): the nearest, and those with one unsure bit the other way."""
    shape = around - around.mean(axis=0)
    if np.sqrt((shape**2).mean()) < _MIN_SPREAD:
        return []
    projected = shape.reshape(-1) @ _PROJECTIONS
    code = int(_PLACES[projected > 0].sum())
    unsure = np.argsort(np.abs(projected), kind="stable")[:_UNSURE_BITS]
    return [code, *(code ^ int(_PLACES[bit]) for bit in unsure)]
