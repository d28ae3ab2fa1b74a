"""Drift: how the lag of the audio changes along a recording, fitted to the lags of its segments."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schemas.clock import FRAME_RATE
from transforms.speakers.score_sync import lag_standard_error
from transforms.speakers.sync_scores import MAX_SHIFT, drift_frames_per_minute, measure_segments

SEGMENT_FRAMES = 3 * FRAME_RATE
_MIN_SPAN_FRAMES = 10 * FRAME_RATE
_MIN_SEGMENTS = 3
_MAX_COMPARED_SEGMENTS = 1000  # Theil-Sen's line compares each with each: 8 MB; a face of six hours has 7,200
_MIN_SE_FRAMES = 0.25  # a lag between whole frames is not known more closely than this
_DEVIATIONS_PER_MAD = 1.4826
_MAX_DEVIATIONS = 3.0  # from the line: a lag further away is an outlier
_FRAMES_PER_MINUTE = 60 * FRAME_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentLag:
    """The lag of one segment."""

    middle_frame: float  # of the timeline
    lag_frames: float
    lag_se_frames: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Slope of the lag, and its standard error."""

    frames_per_minute: float  # + = the audio falls behind
    se_frames_per_minute: float


def segment_lags(similarities: np.ndarray, lag_frames: float, start_frame: int) -> tuple[SegmentLag, ...]:
    """Lags of the segments of 3 s that are at least half speech, of a track's similarities (T, 31) and its lag."""
    column = int(np.clip(round(lag_frames), -MAX_SHIFT, MAX_SHIFT)) + MAX_SHIFT
    has_speech = np.isfinite(similarities[:, column])
    found = []
    for middle, measured in measure_segments(similarities, has_speech, SEGMENT_FRAMES):
        first = round(middle - (SEGMENT_FRAMES - 1) / 2)
        found.append(
            SegmentLag(
                middle_frame=start_frame + middle,
                lag_frames=measured.lag_frames,
                lag_se_frames=lag_standard_error(similarities[first : first + SEGMENT_FRAMES]),
            )
        )
    return tuple(found)


def fit_drift(segments: Sequence[SegmentLag]) -> Drift | None:
    """Weighted line through the lags without outliers; None below three of them, or where they span less than 10 s.

    Outliers are found by their distance from the Theil-Sen line, which one of them does not move; of a long chain it is
    the line through every second segment, or third, and so on. Where the lags scatter more than their standard errors
    say, the scatter counts.
    """
    if len(segments) < _MIN_SEGMENTS:
        return None
    middles, lags, errors = np.array([(one.middle_frame, one.lag_frames, one.lag_se_frames) for one in segments]).T
    minutes, errors = middles / _FRAMES_PER_MINUTE, np.maximum(errors, _MIN_SE_FRAMES)
    step = -(-len(middles) // _MAX_COMPARED_SEGMENTS)
    slope = drift_frames_per_minute(middles[::step], lags[::step])
    assert slope is not None  # there are three lags or more
    residuals = lags - slope * minutes
    residuals = np.abs(residuals - np.median(residuals))
    kept = residuals <= _MAX_DEVIATIONS * np.maximum(errors, _DEVIATIONS_PER_MAD * np.median(residuals))
    if kept.sum() < _MIN_SEGMENTS or np.ptp(middles[kept]) + SEGMENT_FRAMES < _MIN_SPAN_FRAMES:
        return None
    return _weighted_line(minutes[kept], lags[kept], errors[kept])


def _weighted_line(minutes: np.ndarray, lags: np.ndarray, errors: np.ndarray) -> Drift:
    """Weighted least squares; the standard error grows with the scatter around the line (Birge ratio, at least 1)."""
    weights = errors**-2
    centred = minutes - np.average(minutes, weights=weights)
    spread = (weights * centred**2).sum()
    slope = (weights * centred * lags).sum() / spread
    residuals = lags - np.average(lags, weights=weights) - slope * centred
    scatter = max(1.0, (weights * residuals**2).sum() / (len(lags) - 2))
    return Drift(frames_per_minute=float(slope), se_frames_per_minute=float((scatter / spread) ** 0.5))
