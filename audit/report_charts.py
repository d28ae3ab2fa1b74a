"""The charts of the report: how lags, probabilities, faces and clips are distributed."""

from typing import Any

import numpy as np
import pyarrow as pa

from audit.charts import Histogram, histogram
from schemas.clock import FRAME_RATE
from transforms.speakers.config import UNCALIBRATED_CONFIDENCE


def report_charts(clips: pa.Table, tracks: pa.Table, asked: set[str], recipe: dict[str, Any]) -> list[Histogram]:
    """Charts of the columns that have values. `asked`: the rules that were applied; only their thresholds are drawn."""
    charts = [
        *_sync_charts(tracks, asked, recipe.get("speakers", {})),
        *_face_charts(tracks, recipe.get("faces", {})),
        *_clip_charts(clips),
    ]
    return [chart for chart in charts if chart.num_values]


def _sync_charts(tracks: pa.Table, asked: set[str], settings: dict[str, Any]) -> list[Histogram]:
    given = {"min_confidence": UNCALIBRATED_CONFIDENCE} | {name: at for name, at in settings.items() if at is not None}
    thresholds = {name: given.get(name) if name in asked else None for name in _SYNC_THRESHOLDS}
    return [
        histogram(
            "Lag of the audio",
            _values(tracks, "audio_lag_frames").round(),
            unit="frame",
            whole=True,
            note="every track with a sync result; + = the audio is late",
        ),
        histogram(
            "Sync probability",
            _values(tracks, "sync_probability"),
            note="every track with a sync result: that this face speaks the audio",
            thresholds={"unsure from": thresholds["unsure_probability"], "kept from": thresholds["min_probability"]},
            limits=(0.0, 1.0),
        ),
        histogram(
            "Sync confidence",
            _values(tracks, "sync_confidence"),
            note="every track with a sync result",
            thresholds={"threshold": thresholds["min_confidence"]},
        ),
    ]


def _face_charts(tracks: pa.Table, settings: dict[str, Any]) -> list[Histogram]:
    return [
        histogram(
            "Face size in the source",
            _values(tracks, "face_source_px"),
            unit="px",
            note="every track, shorter side of the box",
            thresholds={"threshold": settings.get("min_box_px")},
        ),
        histogram("Head yaw", _values(tracks, "yaw_deg"), unit="degree", note="every track, median"),
    ]


def _clip_charts(clips: pa.Table) -> list[Histogram]:
    return [
        histogram("Clip length", _values(clips, "num_frames") / FRAME_RATE, unit="s", note="every stored clip"),
        histogram(
            "Mouth movement",
            _values(clips, "mouth_opening_sd"),
            unit="of eye distance",
            note="every stored clip, standard deviation of the mouth's opening",
        ),
    ]


def _values(table: pa.Table, column: str) -> np.ndarray:
    return table[column].drop_null().to_numpy()


_SYNC_THRESHOLDS = ("unsure_probability", "min_probability", "min_confidence")
"""Settings of the rules of FindSpeakers that ask for a threshold of the sync network; a rule has its setting's name."""
