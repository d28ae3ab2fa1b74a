"""Chains of tracks across window edges, and the drift of the lag along a chain."""
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from schemas.tables import TrackRow
from transforms.media.boxes import iou_matrix
from transforms.speakers.sync_scores import drift_frames_per_minute

_SAME_FACE_IOU = 0.3  # overlap of the last box with the next window's first


def chain_tracks(rows: Iterable[TrackRow]) -> list[TrackRow]:
    """Rows of one source, each with the chain it belongs to and that chain's drift.

    A track that ended at its window's edge is continued by the track that begins there and overlaps it most. Drift
    needs three judged tracks.
    """
    ordered = sorted(rows, key=lambda row: (row.start_frame, row.track_id))
    chained: list[TrackRow] = []
    for row in ordered:
        before = _continued_by(chained, row)
        chained.append(replace(row, track_chain_id=before.track_chain_id) if before else row)
    return [replace(row, drift_frames_per_minute=_drift(chained, row.track_chain_id)) for row in chained]


def _continued_by(earlier: list[TrackRow], row: TrackRow) -> TrackRow | None:
    open_ends = [(float(iou_matrix(track.boxes_xyxy[-1], row.boxes_xyxy[0])[0, 0]), track.track_id, track)
                 for track in earlier if track.end_rule == "window_edge" and track.end_frame == row.start_frame]
    best = max(open_ends, default=None)
    return best[2] if best and best[0] >= _SAME_FACE_IOU else None


def _drift(rows: list[TrackRow], chain: str) -> float | None:
    judged = [row for row in rows if row.track_chain_id == chain and row.audio_lag_frames is not None]
    middles = np.array([(row.start_frame + row.end_frame) / 2 for row in judged])
    return drift_frames_per_minute(middles, np.array([row.audio_lag_frames for row in judged]))
