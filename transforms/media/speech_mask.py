"""Which frames have speech in their audio."""

from collections.abc import Iterable

import numpy as np

from schemas.clock import SAMPLES_PER_FRAME
from schemas.records import SpeechTurn


def speech_mask(turns: Iterable[SpeechTurn], start_frame: int, end_frame: int, shift_samples: int = 0) -> np.ndarray:
    """Whether the middle of each frame's audio, moved by `shift_samples`, is in a speech turn: bool (end - start,)."""
    middles = np.arange(start_frame, end_frame) * SAMPLES_PER_FRAME + SAMPLES_PER_FRAME // 2 + shift_samples
    mask = np.zeros(len(middles), bool)
    for turn in turns:
        mask |= (turn.start_sample <= middles) & (middles < turn.end_sample)
    return mask
