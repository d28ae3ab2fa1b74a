"""Audio corrected by a rate: sample n of the corrected audio is sample n x rate of the source's."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import scipy

from schemas.clock import SAMPLE_RATE_HZ
from schemas.records import SpeechTurn

_PAD_SAMPLES = SAMPLE_RATE_HZ // 10  # longer than the resampler's filter


def read_at_rate(
    read_audio: Callable[[int, int], np.ndarray], rate: Fraction, start_sample: int, end_sample: int
) -> np.ndarray:
    """Samples start to end of the audio corrected by a rate, int16; read_audio(start, end) reads the source's."""
    if rate == 1:
        return read_audio(start_sample, end_sample)
    up, down = rate.denominator, rate.numerator
    first = (start_sample - _PAD_SAMPLES) // up  # a multiple of `up` lies on a whole sample of the source
    last = -(-(end_sample + _PAD_SAMPLES) // up)
    resampled = scipy.signal.resample_poly(read_audio(first * down, last * down).astype(np.float64), up, down)
    cut = resampled[start_sample - first * up :][: end_sample - start_sample]
    return np.clip(np.round(cut), -32768, 32767).astype(np.int16)


def speech_at_rate(speech: Iterable[SpeechTurn], rate: Fraction) -> tuple[SpeechTurn, ...]:
    """Turns of speech, in samples of the corrected audio."""
    return tuple(
        replace(turn, start_sample=round(turn.start_sample / rate), end_sample=round(turn.end_sample / rate))
        for turn in speech
    )
