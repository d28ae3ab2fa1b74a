"""Chains of tracks across window edges, and the drift of the lag along a chain."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from schemas.tables import TrackRow
from transforms.media.boxes import iou_matrix
from transforms.speakers.drift import Drift, SegmentLag, fit_drift

_SAME_FACE_IOU = 0.3  # overlap of the last box with the next window's first


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackEnds:
    """What chains need of a track: its row without the boxes between its ends, which are nearly all of its bytes."""

    track_id: str
    start_frame: int  # timeline frames, half-open
    end_frame: int
    at_window_edge: bool  # it ended there, and may go on in the next window
    first_box_xyxy: tuple[float, ...]
    last_box_xyxy: tuple[float, ...]
    segments: tuple[SegmentLag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackChain:
    """The chain that a track belongs to."""

    track_id: str
    track_chain_id: str  # its first track
    drift: Drift | None  # of the whole chain; None: too short


def chain_tracks(rows: Iterable[TrackRow]) -> list[TrackRow]:
    """Rows of one source by time, each with the chain it belongs to and the drift of that chain."""
    ordered = sorted(rows, key=lambda row: (row.start_frame, row.track_id))
    chains = find_chains(track_ends(row) for row in ordered)
    return [with_chain(row, chain) for row, chain in zip(ordered, chains, strict=True)]


def track_ends(row: TrackRow) -> TrackEnds:
    """What chains need of a track."""
    measured = zip(row.stretch_middle_frames, row.stretch_lags_frames, row.stretch_lag_se_frames, strict=True)
    return TrackEnds(
        track_id=row.track_id,
        start_frame=row.start_frame,
        end_frame=row.end_frame,
        at_window_edge=row.end_rule == "window_edge",
        first_box_xyxy=tuple(row.boxes_xyxy[0]),
        last_box_xyxy=tuple(row.boxes_xyxy[-1]),
        segments=tuple(
            SegmentLag(middle_frame=middle, lag_frames=lag, lag_se_frames=error) for middle, lag, error in measured
        ),
    )


def find_chains(tracks: Iterable[TrackEnds]) -> list[TrackChain]:
    """The chain of each track of one source, by the tracks' time.

    A track that ended at its window's edge is continued by the track that begins there and overlaps it most.
    """
    ordered = sorted(tracks, key=lambda track: (track.start_frame, track.track_id))
    chain_ids: dict[str, str] = {}
    open_ends: dict[int, list[TrackEnds]] = defaultdict(list)  # frame -> tracks that ended there at a window's edge
    segments: dict[str, list[SegmentLag]] = defaultdict(list)
    for track in ordered:
        before = _continued_track(open_ends.get(track.start_frame, []), track)
        chain_id = chain_ids[track.track_id] = chain_ids[before.track_id] if before else track.track_id
        segments[chain_id] += track.segments
        if track.at_window_edge:
            open_ends[track.end_frame].append(track)
    drifts = {chain_id: fit_drift(found) for chain_id, found in segments.items()}
    return [
        TrackChain(track_id=track_id, track_chain_id=chain_id, drift=drifts[chain_id])
        for track_id, chain_id in chain_ids.items()
    ]


def with_chain(row: TrackRow, chain: TrackChain) -> TrackRow:
    """The row of a track with its chain and the chain's drift."""
    drift = chain.drift
    return replace(
        row,
        track_chain_id=chain.track_chain_id,
        drift_frames_per_minute=drift.frames_per_minute if drift else None,
        drift_se_frames_per_minute=drift.se_frames_per_minute if drift else None,
    )


def _continued_track(ended: list[TrackEnds], track: TrackEnds) -> TrackEnds | None:
    """Of the tracks that ended where `track` begins, the one that it continues; None when it begins a chain."""
    if not ended:
        return None
    last_boxes = np.array([one.last_box_xyxy for one in ended])
    overlaps = iou_matrix(last_boxes, np.array(track.first_box_xyxy))[:, 0]
    overlap, _, best = max((float(overlap), one.track_id, one) for overlap, one in zip(overlaps, ended, strict=True))
    return best if overlap >= _SAME_FACE_IOU else None
