"""The sync result of one face, and the columns of `tracks` and `clips` that hold it."""

from dataclasses import dataclass
from typing import TypedDict, final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResult:
    """Lag, confidence and probability of one face with one audio, and the sync curve that they come from."""

    lag_frames: float  # + = the audio is late; between frames by a parabola through the peak
    lag_se_frames: float  # its standard error
    probability: float | None = None  # that this face makes this audio; None: the network has no calibration
    confidence: float  # peak less median of the curve
    margin: float  # peak less best value more than two frames away
    lse_d: float | None = None  # None with any network but the published SyncNet
    lse_c: float | None = None  # as lse_d
    peak: float  # the curve's highest value
    num_frames: int  # frames of speech that were compared
    coverage: float  # of them, compared at each shift on average; below 1 where the audio ends with the face
    curve: tuple[float, ...]  # mean similarity at shifts -15..15 frames; NaN where unknown


class SyncColumns(TypedDict):
    """The columns that tracks and clips share."""

    audio_lag_frames: float | None
    audio_lag_se_frames: float | None
    sync_probability: float | None
    sync_confidence: float | None
    sync_margin: float | None
    lse_d: float | None
    lse_c: float | None


class TrackSyncColumns(SyncColumns):
    """The columns of tracks: those shared with clips, and the curve."""

    sync_curve: tuple[float, ...]


def sync_columns(result: SyncResult | None) -> SyncColumns:
    """The columns of a track's or clip's result; every value is None where sync was not judged."""
    return SyncColumns(
        audio_lag_frames=result and result.lag_frames,
        audio_lag_se_frames=result and result.lag_se_frames,
        sync_probability=result and result.probability,
        sync_confidence=result and result.confidence,
        sync_margin=result and result.margin,
        lse_d=result and result.lse_d,
        lse_c=result and result.lse_c,
    )


def track_sync_columns(result: SyncResult | None) -> TrackSyncColumns:
    """The columns of a track's result; the curve is empty where sync was not judged."""
    return TrackSyncColumns(**sync_columns(result), sync_curve=result.curve if result else ())
