"""The lag of training clips, each measured by networks that did not learn from its person: train, measure, correct."""

from collections.abc import Iterable

import numpy as np

from schemas.clock import FRAME_RATE
from speech2vid.sync_training.clips import TalkingClip
from transforms.speakers.sync_result import Calibration, weigh
from transforms.speakers.sync_scores import MAX_SHIFT

MIN_SPEECH_FRAMES = FRAME_RATE  # of a source: with less nothing is changed
MIN_MOVE_FRAMES = 1.0  # less is a network's own error on one person: within a frame, not within a tenth
MAX_ERROR_FRAMES = 1.0  # standard error above which a lag is not known to the frame
MIN_ERRORS = 3  # standard errors that a lag is away from none
MIN_PROBABILITY = 0.5  # below it the peak is as likely another sound's
NEVER_PROBABILITY = 0.05  # even odds of "never in sync" where one source in twenty was so before it was looked at
RULES = (
    f"A lag is moved by a frame or more, and by {MIN_ERRORS} standard errors or more, where that error is",
    f"{MAX_ERROR_FRAMES:g} frame at most and sync_probability {MIN_PROBABILITY} at least; dropped below",
    f"{NEVER_PROBABILITY}; else it stays. Sources with less than a second of speech stay, and those of the person",
    "with most clips, whom every network learnt from.",
)


def corrected_lags(
    clips: list[TalkingClip],
    likeness: Iterable[tuple[str, np.ndarray]],
    calibration: Calibration,
    given: dict[str, float | None],
) -> dict[str, float | None]:
    """Lags by source, as read_lags gives them: the given ones, and what the networks would change in them.

    likeness: source's name and its clips' likeness float32 (T, 31), their lag so far taken away.
    """
    taken: dict[str, list[float]] = {}
    for clip in clips:
        taken.setdefault(clip.name, []).append(clip.lag_frames)
    lags = dict(given)
    for name, scores in likeness:
        change = _change(scores, calibration)
        if change is None:
            lags[name] = None
        elif change:
            lags[name] = float(np.median(taken[name])) + change
    return lags


def _change(scores: np.ndarray, calibration: Calibration) -> float | None:
    """Frames, a multiple of a quarter, by which the audio is still late; None where no lag fits."""
    evidence = weigh(scores, calibration)
    if evidence is None or evidence.num_frames < MIN_SPEECH_FRAMES:
        return 0.0
    if evidence.sync_probability < NEVER_PROBABILITY:
        return None
    lag, error = evidence.measured.lag_frames, evidence.lag_se_frames
    is_known = evidence.sync_probability >= MIN_PROBABILITY and error <= MAX_ERROR_FRAMES
    is_other = max(MIN_MOVE_FRAMES, MIN_ERRORS * error) <= abs(lag) < MAX_SHIFT  # at its edge nothing has a peak
    return round(4 * lag) / 4 if is_known and is_other else 0.0
