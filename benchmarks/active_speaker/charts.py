"""Plots of the page as SVG text; the same numbers give the same bytes."""

import io
from collections.abc import Sequence

import matplotlib

matplotlib.use("svg")
import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes

from benchmarks.active_speaker.cases_of_lags import LAGS
from benchmarks.active_speaker.cases_of_pairs import GROUP as PAIRS
from benchmarks.active_speaker.cases_of_pairs import RIGHT
from benchmarks.active_speaker.outcomes import Outcome
from benchmarks.active_speaker.pair_measures import OTHER_AUDIO, kinds_of, of_kind
from benchmarks.active_speaker.segments import LENGTHS_S
from benchmarks.active_speaker.weighted_scores import balanced, calibration_error, reliability, roc_points

_COLOURS = ("#1f7a6d", "#d98324", "#b3382c", "#3b6fb6", "#7a4fa3", "#5d6879")
_SHOWN_LENGTH_S = 3
_MAX_ERROR = 8  # frames


def charts(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    """(title, SVG) of each plot that has cases."""
    pairs = [case for case in outcomes if case.group == PAIRS]
    at_length = [case for case in pairs if case.length_s == _SHOWN_LENGTH_S]
    by_kind = {kind: (of_kind(at_length, RIGHT), of_kind(at_length, kind)) for kind in kinds_of(at_length)}
    lengths = {length_s: [case for case in pairs if case.length_s == length_s] for length_s in LENGTHS_S}
    by_length = {
        f"{length_s} s": (of_kind(cases, RIGHT), of_kind(cases, *OTHER_AUDIO)) for length_s, cases in lengths.items()
    }
    drawn = [
        (f"ROC at {_SHOWN_LENGTH_S} s, by what the audio is", _roc(by_kind)),
        ("ROC of other audio, by length", _roc(by_length)),
        ("Lag error by length, audio shifted by -15 to 15 frames", _lag_errors(outcomes)),
        ("Reliability of sync_probability", _reliability(pairs)),
    ]
    return [(title, svg) for title, svg in drawn if svg]


def _roc(curves: dict[str, tuple[list[Outcome], list[Outcome]]]) -> str:
    curves = {name: pair for name, pair in curves.items() if all(pair)}
    if not curves:
        return ""
    figure, axes = _figure("share of wrong audio above the threshold", "share of right audio above it")
    for (name, pair), colour in zip(curves.items(), _COLOURS, strict=False):
        axes.plot(*roc_points(*(np.array([case.score for case in cases]) for cases in pair)), label=name, color=colour)
    axes.plot([0, 1], [0, 1], color="#dfe4ea", zorder=0)
    return _svg(figure, axes)


def _lag_errors(outcomes: Sequence[Outcome]) -> str:
    known = [case for case in outcomes if case.group == LAGS and case.true_lag_frames is not None]
    if not known:
        return ""
    figure, axes = _figure("error, frames", "share of lags with at most that error")
    limits = np.arange(_MAX_ERROR + 1)
    for length_s, colour in zip(LENGTHS_S, _COLOURS, strict=False):
        errors = np.array([case.lag_error_frames for case in known if case.length_s == length_s])
        if len(errors):
            axes.plot(
                limits,
                (errors[:, None] <= limits).mean(0),
                marker="o",
                markersize=3,
                label=f"{length_s} s",
                color=colour,
            )
    axes.set_ylim(0, 1.02)
    return _svg(figure, axes)


def _reliability(pairs: Sequence[Outcome]) -> str:
    cases = [case for case in of_kind(pairs, RIGHT, *OTHER_AUDIO) if case.probability is not None]
    is_right = np.array([case.kind == RIGHT for case in cases], bool)
    if not is_right.any() or is_right.all():
        return ""
    probability, even = np.array([case.probability for case in cases]), balanced(is_right, np.ones(len(cases)))
    weight, predicted, true = reliability(probability, is_right, even).T
    figure, axes = _figure("sync_probability", "share of right audio, with right and wrong weighted equally")
    axes.plot([0, 1], [0, 1], color="#dfe4ea", zorder=0)
    axes.bar((np.arange(len(weight)) + 0.5) / len(weight), weight, width=0.09, color="#dfe4ea", label="share of cases")
    filled = weight > 0
    error = calibration_error(probability, is_right, np.ones(len(cases)))
    axes.plot(
        predicted[filled], true[filled], marker="o", color=_COLOURS[0], label=f"expected calibration error {error:.3f}"
    )
    return _svg(figure, axes)


def _figure(x_label: str, y_label: str) -> tuple[pyplot.Figure, Axes]:
    figure, axes = pyplot.subplots(figsize=(5, 4), layout="constrained")
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: pyplot.Figure, axes: Axes) -> str:
    axes.legend(frameon=False, fontsize=8)
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "talkshard"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    return buffer.getvalue()[buffer.getvalue().index("<svg") :]
