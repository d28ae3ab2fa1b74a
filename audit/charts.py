"""Histograms as numbers that a template can draw: bars in a unit box, ticks with their text."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from audit.column_values import ColumnValues

NUM_BINS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bin; its numbers are shares of the chart's width and height, 0..1."""

    left: float
    width: float
    height: float
    title: str  # shown under the mouse pointer


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """The distribution of values."""

    title: str
    unit: str
    note: str
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]  # (position 0..1, text)
    marks: tuple[tuple[float, str], ...]  # thresholds inside the chart: (position 0..1, text)
    num_values: int
    median_text: str


def histogram(
    title: str,
    values: ColumnValues,
    *,
    unit: str = "",
    note: str = "",
    thresholds: Mapping[str, float | None] | None = None,
    whole: bool = False,
    limits: tuple[float, float] | None = None,
) -> Histogram:
    """Make the histogram of some values.

    thresholds: name -> value, drawn unless it is None; whole: one bin for each whole number; limits: range of the
    chart, by default that of the values.
    """
    edges = _edges(values, whole) if limits is None else np.linspace(*limits, NUM_BINS + 1)
    low, span = edges[0], edges[-1] - edges[0]
    places = [(name, value, (value - low) / span) for name, value in (thresholds or {}).items() if value is not None]
    return Histogram(
        title=title,
        unit=unit,
        note=note,
        bars=_bars(values, edges, unit, whole),
        ticks=_ticks(low, low + span),
        num_values=len(values),
        marks=tuple((float(place), f"{name} {value:g}") for name, value, place in places if 0 <= place <= 1),
        median_text=f"{values.median:.3g}" if len(values) else "none",
    )


def _bars(values: ColumnValues, edges: np.ndarray, unit: str, whole: bool) -> tuple[Bar, ...]:
    counts = values.counts(edges)
    low, span = edges[0], edges[-1] - edges[0]
    max_count = max(1, counts.max())
    return tuple(
        Bar(
            left=(left - low) / span,
            width=(right - left) / span,
            height=count / max_count,
            title=_bin_title(left, right, count, unit, whole),
        )
        for (left, right), count in zip(pairwise(edges), counts, strict=True)
        if count
    )


def _edges(values: ColumnValues, whole: bool) -> np.ndarray:
    low, high = values.limits if len(values) else (0.0, 1.0)
    if whole:
        return np.arange(np.floor(low + 0.5) - 0.5, np.floor(high + 0.5) + 1.0)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, NUM_BINS + 1)


def _bin_title(left: float, right: float, count: int, unit: str, whole: bool) -> str:
    span = f"{(left + right) / 2:g}" if whole else f"{left:.3g} to {right:.3g}"
    return f"{span} {unit}: {count}".replace(" :", ":")


def _ticks(low: float, high: float) -> tuple[tuple[float, str], ...]:
    """Four to nine round numbers inside the range."""
    step = 10.0 ** np.floor(np.log10((high - low) / 4))
    # By rounding, even the smallest step may fit a little less than four times: then it is taken all the same.
    step *= next((factor for factor in (5, 2) if (high - low) / (step * factor) >= 4), 1)
    marks = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    return tuple(
        (float((mark - low) / (high - low)), f"{mark + 0.0:g}" if abs(mark) > 1e-12 else "0") for mark in marks
    )
