"""Corrected lags of training clips, each measured by networks that were not trained on its speaker."""

from collections.abc import Iterable

import numpy as np

from schemas.clock import FRAME_RATE
from speech2vid.sync_training.clips import TalkingClip
from transforms.speakers.score_sync import Calibration, score_sync
from transforms.speakers.sync_scores import MAX_SHIFT

MIN_SPEECH_FRAMES = FRAME_RATE  # of a source: with less nothing is changed
MIN_MOVE_FRAMES = 1.0  # a network's error on one speaker is below a frame, though not below a tenth of one
MAX_ERROR_FRAMES = 1.0  # standard error above which a lag is not known to the frame
MIN_ERRORS = 3  # standard errors by which a lag must differ from zero
MIN_PROBABILITY = 0.5  # below it the peak may as well belong to other audio
NEVER_PROBABILITY = 0.05  # even odds of "never in sync", if one source in twenty is so a priori
RULES = (
    f"A lag is moved by a frame or more, and by {MIN_ERRORS} standard errors or more, where that error is",
    f"{MAX_ERROR_FRAMES:g} frame at most and sync_probability {MIN_PROBABILITY} at least; dropped below",
    f"{NEVER_PROBABILITY}; else it stays. Sources with less than a second of speech stay, and those of the person",
    "with most clips, whom every network learnt from.",
)


def corrected_lags(
    clips: list[TalkingClip],
    similarities: Iterable[tuple[str, np.ndarray]],
    calibration: Calibration,
    given: dict[str, float | None],
) -> dict[str, float | None]:
    """Lags by source, as read_lags returns them: the given ones, changed where the networks measured another.

    similarities: a source's name and float32 (T, 31), of all its clips after correction by their lag so far.
    """
    corrected: dict[str, list[float]] = {}
    for clip in clips:
        corrected.setdefault(clip.name, []).append(clip.lag_frames)
    lags = dict(given)
    for name, scores in similarities:
        change = _change(scores, calibration)
        if change is None:
            lags[name] = None
        elif change:
            lags[name] = float(np.median(corrected[name])) + change
    return lags


def _change(scores: np.ndarray, calibration: Calibration) -> float | None:
    """Frames, a multiple of a quarter, by which the audio is still late; None where no lag fits."""
    result = score_sync(scores, calibration)
    if result is None or result.probability is None or result.num_frames < MIN_SPEECH_FRAMES:
        return 0.0
    if result.probability < NEVER_PROBABILITY:
        return None
    lag, error = result.lag_frames, result.lag_se_frames
    is_known = result.probability >= MIN_PROBABILITY and error <= MAX_ERROR_FRAMES
    has_moved = max(MIN_MOVE_FRAMES, MIN_ERRORS * error) <= abs(lag) < MAX_SHIFT  # at the edge there is no peak
    return round(4 * lag) / 4 if is_known and has_moved else 0.0
