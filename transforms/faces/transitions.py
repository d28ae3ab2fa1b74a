"""Gradual transitions: dissolves, and fades to or from one colour.

PySceneDetect finds fades to black, and no dissolves. In both, each pixel goes from its old to its new level along a
line, so that a linear trend explains nearly all change of the image over time, and the views on both sides are not
alike. Motion of the camera or of people has no such trend, a change of light leaves the view as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from transforms.faces.thumbnail import edge_similarity

_WIDTH = 40  # px; with less, motion looks like a trend too
_SPANS = (6, 12, 24, 48)  # frames over which a trend is fitted
_NOISE_POWER = 0.5  # grey levels squared, of each pixel and frame
_TREND_SHARE, _TREND_LEVELS = 0.8, 10.0  # of the change over time; grey levels over the span
_SURE_TREND_SHARE, _SURE_TREND_LEVELS = 0.9, 20.0
_MAX_SIMILARITY = 0.15  # of the views before and after; at least 0.18 at the sure trends of 146 recordings (motion)
_BLEND_SIMILARITY = 0.9  # of the middle with both sides, added up; motion reaches 0.88
_MAX_RESIDUAL = 0.1  # of the difference of both sides: what their blends leave unexplained
_MAX_EDGE_FRAMES = 100  # on each side of the span
_MARGIN_FRAMES, _MARGIN_SHARE = 2, 0.08


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Trend:
    """A linear change of the image over some frames."""

    start: int
    span: int  # frames
    share: float  # of all change over time in these frames
    levels: float  # grey levels over the span
    change: np.ndarray  # grey levels a frame, (P,)


def find_transitions(greys: Sequence[np.ndarray]) -> list[tuple[int, int]]:
    """Half-open ranges of frames that blend two views, ascending.

    greys: thumbnails of one shot, uint8 (h, w), one a frame; the shot has no hard cut inside.
    """
    if len(greys) < min(_SPANS):
        return []
    levels = _small_levels(greys)
    sums = _Sums(levels)
    found = [_verified(greys, levels, trend) for span in _SPANS for trend in sums.trends(span)]
    return _merged([edges for edges in found if edges is not None])


def _small_levels(greys: Sequence[np.ndarray]) -> np.ndarray:
    """Float64 (T, P): the images once more smaller."""
    height, width = greys[0].shape
    size = (min(_WIDTH, width), max(1, round(height * min(_WIDTH, width) / width)))
    return np.stack([cv2.resize(grey, size, interpolation=cv2.INTER_AREA).ravel() for grey in greys]).astype(np.float64)


class _Sums:
    """Running sums over the frames, from which the trend of any span follows."""

    def __init__(self, levels: np.ndarray) -> None:
        """Add up levels (T, P), the same times the frame number, and their power."""
        self._levels = _running(levels)
        self._moments = _running(levels * np.arange(len(levels))[:, None])
        self._power = _running((levels**2).sum(1, keepdims=True))[:, 0]

    def trends(self, span: int) -> list[_Trend]:
        """The best of each run of spans whose change is a trend."""
        num_starts, num_pixels = len(self._levels) - span, self._levels.shape[1]
        if num_starts < 1:
            return []
        total = self._levels[span:] - self._levels[:-span]
        middles = np.arange(num_starts)[:, None] + (span - 1) / 2
        power = span * (span * span - 1) / 12  # sum of squares of the frame numbers about their mean
        change = (self._moments[span:] - self._moments[:-span] - middles * total) / power
        changed = np.einsum("tp,tp->t", change, change)
        variation = self._power[span:] - self._power[:-span] - np.einsum("tp,tp->t", total, total) / span
        share = changed * power / (variation + _NOISE_POWER * span * num_pixels)
        over_span = np.sqrt(changed / num_pixels) * span
        starts = np.flatnonzero((share >= _TREND_SHARE) & (over_span >= _TREND_LEVELS))
        runs = np.split(starts, np.flatnonzero(np.diff(starts) > 1) + 1) if len(starts) else []
        best = [int(run[np.argmax(share[run])]) for run in runs]
        return [
            _Trend(start=at, span=span, share=float(share[at]), levels=float(over_span[at]), change=change[at])
            for at in best
        ]


def _running(values: np.ndarray) -> np.ndarray:
    """Sums of the rows before each, (T + 1, P)."""
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, 0)])


def _verified(greys: Sequence[np.ndarray], levels: np.ndarray, trend: _Trend) -> tuple[int, int] | None:
    """The frames of a trend that blends two views; None: it does not."""
    first, last = _edges(levels, trend)
    margin = _MARGIN_FRAMES + round(_MARGIN_SHARE * (last - first))
    before, after = max(first - margin, 0), min(last + margin, len(levels) - 1)
    middle = greys[(before + after) // 2]
    blend = edge_similarity(middle, greys[before]) + edge_similarity(middle, greys[after])
    is_whole = before > 0 and after < len(levels) - 1  # both views are seen
    is_sure = trend.share >= _SURE_TREND_SHARE and trend.levels >= _SURE_TREND_LEVELS
    if not (is_sure and is_whole) and blend < _BLEND_SIMILARITY:
        return None
    if edge_similarity(greys[before], greys[after]) > _MAX_SIMILARITY:
        return None
    if _residual(levels[first : last + 1], levels[before], levels[after]) > _MAX_RESIDUAL:
        return None
    return before, after + 1


def _edges(levels: np.ndarray, trend: _Trend) -> tuple[int, int]:
    """First and last frame of the change that the trend is a part of, both included."""
    position = levels @ (trend.change / np.linalg.norm(trend.change))
    first, last = trend.start, trend.start + trend.span - 1
    least = 0.2 * (position[last] - position[first]) / (trend.span - 1) * 3  # change over 3 frames
    lowest, highest = max(3, first - _MAX_EDGE_FRAMES), min(len(levels) - 4, last + _MAX_EDGE_FRAMES)
    while last <= highest and position[last + 3] - position[last] > least:
        last += 1
    while first >= lowest and position[first] - position[first - 3] > least:
        first -= 1
    while last - first > 3 and position[last] - position[last - 3] < least:
        last -= 1
    while last - first > 3 and position[first + 3] - position[first] < least:
        first += 1
    return first, last


def _residual(levels: np.ndarray, before: np.ndarray, after: np.ndarray) -> float:
    """Median over frames: what the best blend of both sides leaves unexplained, of their difference."""
    difference = after - before
    power = max(float(difference @ difference), 1e-9)
    share = np.clip((levels - before) @ difference / power, 0, 1)
    rest = levels - before - share[:, None] * difference
    return float(np.median((rest**2).sum(1) / power))


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges that overlap or touch as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
