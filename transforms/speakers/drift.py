"""Drift: how the lag of audio changes along a recording, fitted to the lags of stretches."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schemas.clock import FRAME_RATE
from transforms.speakers.sync_result import lag_standard_error
from transforms.speakers.sync_scores import MAX_SHIFT, drift_frames_per_minute, stretch_lags

STRETCH_FRAMES = 3 * FRAME_RATE
_MIN_SPAN_FRAMES = 10 * FRAME_RATE
_MIN_STRETCHES = 3
_MIN_SE_FRAMES = 0.25  # a curve of whole frames tells a lag between them no closer than this
_DEVIATIONS_PER_MAD = 1.4826
_WILD = 3.0  # deviations from the line beyond which a lag is left out
_FRAMES_PER_MINUTE = 60 * FRAME_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentLag:
    """The lag of one stretch."""

    middle_frame: float  # of the timeline
    lag_frames: float
    lag_se_frames: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Slope of the lag, and how surely it is known."""

    frames_per_minute: float  # + = the audio falls behind
    se_frames_per_minute: float


def segment_lags(scores: np.ndarray, lag_frames: float, start_frame: int) -> tuple[SegmentLag, ...]:
    """Lags of the stretches of 3 s that are at least half speech, of a track's scores (T, 31) and its lag."""
    column = int(np.clip(round(lag_frames), -MAX_SHIFT, MAX_SHIFT)) + MAX_SHIFT
    heard = np.isfinite(scores[:, column])
    found = []
    for middle, measured in stretch_lags(scores, heard, STRETCH_FRAMES):
        first = round(middle - (STRETCH_FRAMES - 1) / 2)
        found.append(
            SegmentLag(
                middle_frame=start_frame + middle,
                lag_frames=measured.lag_frames,
                lag_se_frames=lag_standard_error(scores[first : first + STRETCH_FRAMES]),
            )
        )
    return tuple(found)


def fit_drift(stretches: Sequence[SegmentLag]) -> Drift | None:
    """Weighted line through the lags, without wild ones; None below three that agree, or where they span under 10 s.

    The line that says which lags are wild is Theil's and Sen's, which one of them does not move. Where the lags scatter
    more than their standard errors say, the scatter counts.
    """
    if len(stretches) < _MIN_STRETCHES:
        return None
    middles, lags, errors = np.array([(one.middle_frame, one.lag_frames, one.lag_se_frames) for one in stretches]).T
    minutes, errors = middles / _FRAMES_PER_MINUTE, np.maximum(errors, _MIN_SE_FRAMES)
    beside = lags - drift_frames_per_minute(middles, lags) * minutes
    beside = np.abs(beside - np.median(beside))
    kept = beside <= _WILD * np.maximum(errors, _DEVIATIONS_PER_MAD * np.median(beside))
    if kept.sum() < _MIN_STRETCHES or np.ptp(middles[kept]) + STRETCH_FRAMES < _MIN_SPAN_FRAMES:
        return None
    return _weighted_line(minutes[kept], lags[kept], errors[kept])


def _weighted_line(minutes: np.ndarray, lags: np.ndarray, errors: np.ndarray) -> Drift:
    weights = errors**-2
    around = minutes - np.average(minutes, weights=weights)
    furthest = (weights * around**2).sum()
    slope = (weights * around * lags).sum() / furthest
    beside = lags - np.average(lags, weights=weights) - slope * around
    scatter = max(1.0, (weights * beside**2).sum() / (len(lags) - 2))
    return Drift(frames_per_minute=float(slope), se_frames_per_minute=float((scatter / furthest) ** 0.5))
