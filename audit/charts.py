"""Histograms as numbers a template can draw: bars in a unit box, ticks with their text."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

NUM_BINS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bin. All in 0..1 of the chart's width and height."""

    left: float
    width: float
    height: float
    title: str  # what a pointer on it shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How values are spread."""

    title: str
    unit: str
    note: str
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]  # (position 0..1, text)
    marks: tuple[tuple[float, str], ...]  # thresholds: (position 0..1, text), those outside left out
    num_values: int
    median_text: str


def histogram(
    title: str,
    values: np.ndarray,
    *,
    unit: str = "",
    note: str = "",
    thresholds: Mapping[str, float | None] | None = None,
    whole: bool = False,
    limits: tuple[float, float] | None = None,
) -> Histogram:
    """Spread of `values`, of which none is NaN.

    thresholds: drawn with what they are called, None not; whole: one bin for each whole number; limits: what the chart
    spans, else what the values do.
    """
    values = np.asarray(values, np.float64)
    edges = _edges(values, whole) if limits is None else np.linspace(*limits, NUM_BINS + 1)
    counts, _ = np.histogram(values, edges)
    low, span = edges[0], edges[-1] - edges[0]
    most = max(1, counts.max())
    bars = tuple(
        Bar(
            left=(left - low) / span,
            width=(right - left) / span,
            height=count / most,
            title=_bin_title(left, right, count, unit, whole),
        )
        for left, right, count in zip(edges, edges[1:], counts, strict=False)
        if count
    )
    places = [(name, value, (value - low) / span) for name, value in (thresholds or {}).items() if value is not None]
    return Histogram(
        title=title,
        unit=unit,
        note=note,
        bars=bars,
        ticks=_ticks(low, low + span),
        num_values=len(values),
        marks=tuple((float(place), f"{name} {value:g}") for name, value, place in places if 0 <= place <= 1),
        median_text=f"{np.median(values):.3g}" if len(values) else "–",
    )


def _edges(values: np.ndarray, whole: bool) -> np.ndarray:
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if whole:
        return np.arange(np.floor(low + 0.5) - 0.5, np.floor(high + 0.5) + 1.0)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, NUM_BINS + 1)


def _bin_title(left: float, right: float, count: int, unit: str, whole: bool) -> str:
    span = f"{(left + right) / 2:g}" if whole else f"{left:.3g} to {right:.3g}"
    return f"{span} {unit}: {count}".replace(" :", ":")


def _ticks(low: float, high: float) -> tuple[tuple[float, str], ...]:
    """Round numbers inside the range, four to nine of them."""
    step = 10.0 ** np.floor(np.log10((high - low) / 4))
    # Rounding can leave a hair less than four steps of the smallest kind: then that kind will do.
    step *= next((factor for factor in (5, 2) if (high - low) / (step * factor) >= 4), 1)
    marks = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    return tuple(
        (float((mark - low) / (high - low)), f"{mark + 0.0:g}" if abs(mark) > 1e-12 else "0") for mark in marks
    )
