"""The charts of the report: how lags, probabilities, faces and clips are distributed."""

from typing import Any

from audit.charts import Histogram, histogram
from audit.column_values import ColumnValues
from audit.dataset_facts import SYNC_RULES
from schemas.clock import FRAME_RATE
from schemas.stored.manifests import Manifests
from transforms.speakers.config import UNCALIBRATED_CONFIDENCE


def report_charts(manifests: Manifests, asked: set[str], recipe: dict[str, Any]) -> list[Histogram]:
    """Charts of the columns that have values. `asked`: the rules that were applied; only their thresholds are drawn."""
    charts = [
        *_sync_charts(manifests, asked, recipe.get("speakers", {})),
        *_face_charts(manifests, recipe.get("faces", {})),
        *_clip_charts(manifests),
    ]
    return [chart for chart in charts if chart.num_values]


def _sync_charts(manifests: Manifests, asked: set[str], settings: dict[str, Any]) -> list[Histogram]:
    given = {"min_confidence": UNCALIBRATED_CONFIDENCE} | {name: at for name, at in settings.items() if at is not None}
    thresholds = {name: given.get(name) if name in asked else None for name in SYNC_RULES}
    return [
        histogram(
            "Lag of the audio",
            _values(manifests, "tracks", "round_even(audio_lag_frames, 0)"),
            unit="frame",
            whole=True,
            note="every track with a sync result; + = the audio is late",
        ),
        histogram(
            "Sync probability",
            _values(manifests, "tracks", "sync_probability"),
            note="every track with a sync result: that this face speaks the audio",
            thresholds={"unsure from": thresholds["unsure_probability"], "kept from": thresholds["min_probability"]},
            limits=(0.0, 1.0),
        ),
        histogram(
            "Sync confidence",
            _values(manifests, "tracks", "sync_confidence"),
            note="every track with a sync result",
            thresholds={"threshold": thresholds["min_confidence"]},
        ),
    ]


def _face_charts(manifests: Manifests, settings: dict[str, Any]) -> list[Histogram]:
    return [
        histogram(
            "Face size in the source",
            _values(manifests, "tracks", "face_source_px"),
            unit="px",
            note="every track, shorter side of the box",
            thresholds={"threshold": settings.get("min_box_px")},
        ),
        histogram("Head yaw", _values(manifests, "tracks", "yaw_deg"), unit="degree", note="every track, median"),
    ]


def _clip_charts(manifests: Manifests) -> list[Histogram]:
    return [
        histogram(
            "Clip length", _values(manifests, "clips", f"num_frames / {FRAME_RATE}"), unit="s", note="every stored clip"
        ),
        histogram(
            "Mouth movement",
            _values(manifests, "clips", "mouth_opening_sd"),
            unit="of eye distance",
            note="every stored clip, standard deviation of the mouth's opening",
        ),
    ]


def _values(manifests: Manifests, table: str, expression: str) -> ColumnValues:
    return ColumnValues(manifests=manifests, table=table, expression=expression)
