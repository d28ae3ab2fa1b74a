"""The sync result of the frames that are assigned to one face among several."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from schemas.clock import FRAME_RATE
from schemas.sync_result import SyncResult
from transforms.speakers.assign_speakers import FaceSimilarities, assign_speakers
from transforms.speakers.score_sync import Calibration, score_sync

_BLOCK_FRAMES = FRAME_RATE  # longer than the span over which neighbouring frames are correlated
MIN_FRAMES = FRAME_RATE
"""Of speech assigned to a face; with fewer it is not scored by them."""


def score_assigned_frames(
    faces: Sequence[FaceSimilarities], index: int, unrelated: float | None, calibration: Calibration
) -> SyncResult | None:
    """Sync result of the frames assigned to one face, which may speak for a part of the time only.

    Scoring frames that were chosen by the same similarities would be circular, and would favour any face. So blocks are
    cross-fitted: a block is assigned by the face's other blocks and by the other faces. None for less than a second.
    """
    similarities = faces[index].similarities
    is_even = np.arange(len(similarities)) // _BLOCK_FRAMES % 2 == 0
    assigned = np.zeros(len(similarities), bool)
    for block in (is_even, ~is_even):
        hidden = replace(faces[index], similarities=_only(similarities, ~block))
        assigned |= block & assign_speakers([*faces[:index], hidden, *faces[index + 1 :]], unrelated)[index]
    result = score_sync(_only(similarities, assigned), calibration)
    return result if result is not None and result.num_frames >= MIN_FRAMES else None


def _only(similarities: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Similarities (T, 31) of some frames, bool (T,); NaN elsewhere."""
    return np.where(frames[:, None], similarities, np.float32(np.nan))
