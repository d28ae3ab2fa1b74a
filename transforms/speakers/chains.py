"""Chains of tracks across window edges, and the drift of the lag along a chain."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from schemas.tables import TrackRow
from transforms.media.boxes import iou_matrix
from transforms.speakers.drift import Drift, SegmentLag, fit_drift

_SAME_FACE_IOU = 0.3  # overlap of the last box with the next window's first


def chain_tracks(rows: Iterable[TrackRow]) -> list[TrackRow]:
    """Rows of one source, each with the chain it belongs to and the drift of that chain.

    A track that ended at its window's edge is continued by the track that begins there and overlaps it most.
    """
    ordered = sorted(rows, key=lambda row: (row.start_frame, row.track_id))
    chained: list[TrackRow] = []
    for row in ordered:
        before = _continued_track(chained, row)
        chained.append(replace(row, track_chain_id=before.track_chain_id) if before else row)
    drifts = {chain: _drift(chained, chain) for chain in {row.track_chain_id for row in chained}}
    return [_with_drift(row, drifts[row.track_chain_id]) for row in chained]


def _continued_track(earlier: list[TrackRow], row: TrackRow) -> TrackRow | None:
    """The earlier track that `row` continues; None when it begins a chain."""
    open_ends = [
        (_iou(track.boxes_xyxy[-1], row.boxes_xyxy[0]), track.track_id, track)
        for track in earlier
        if track.end_rule == "window_edge" and track.end_frame == row.start_frame
    ]
    best = max(open_ends, default=None)
    return best[2] if best and best[0] >= _SAME_FACE_IOU else None


def _iou(box: tuple[float, ...], other: tuple[float, ...]) -> float:
    return float(iou_matrix(np.array(box), np.array(other))[0, 0])


def _drift(rows: list[TrackRow], chain: str) -> Drift | None:
    """Drift fitted to the segments of all tracks of a chain."""
    return fit_drift(
        [
            SegmentLag(middle_frame=middle, lag_frames=lag, lag_se_frames=error)
            for row in rows
            if row.track_chain_id == chain
            for middle, lag, error in zip(
                row.stretch_middle_frames, row.stretch_lags_frames, row.stretch_lag_se_frames, strict=True
            )
        ]
    )


def _with_drift(row: TrackRow, drift: Drift | None) -> TrackRow:
    slope, error = (drift.frames_per_minute, drift.se_frames_per_minute) if drift else (None, None)
    return replace(row, drift_frames_per_minute=slope, drift_se_frames_per_minute=error)
