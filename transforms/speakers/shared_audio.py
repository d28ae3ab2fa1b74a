"""What the faces of a window tell of each other, because they share one audio: who speaks when, and how late it is."""

from collections.abc import Sequence
from dataclasses import replace

from schemas.sync_result import SyncResult
from transforms.speakers.assign_speakers import FaceSimilarities, assign_speakers
from transforms.speakers.assigned_frames import MIN_FRAMES, score_assigned_frames
from transforms.speakers.score_sync import Calibration

_NEAR_FRAMES = 2.0  # lags of two faces in one audio differ by less: a network errs by up to a frame on each
# Of segments of 2 s of held-out people, 0.97 with the right and 0.24 with wrong audio have a lag that near to the true
# one: these are the ratios of the shares and of their complements, rounded towards 1.
_IF_NEAR, _IF_APART = 4.0, 0.1


def with_shared_audio(
    faces: Sequence[FaceSimilarities], results: Sequence[SyncResult], calibration: Calibration, unrelated: float | None
) -> list[SyncResult]:
    """Results of the faces of one window, each with what the others tell of it.

    A face that speaks for a part of the time only matches the audio badly as a whole: it gets the result of the frames
    that are assigned to it, where that is more probable. Then a lag near that of the most probable other face makes a
    face more probable, and a lag apart from it less, the more so the more probable the other face is.
    """
    if len(faces) < 2:
        return list(results)
    assigned = assign_speakers(faces, unrelated)
    best = [
        _of_assigned_frames(faces, index, result, calibration, unrelated)
        if assigned[index].sum() >= MIN_FRAMES and _has_company(faces, index)
        else result
        for index, result in enumerate(results)
    ]
    return [_with_common_lag(result, best[:index] + best[index + 1 :]) for index, result in enumerate(best)]


def _of_assigned_frames(
    faces: Sequence[FaceSimilarities], index: int, whole: SyncResult, calibration: Calibration, unrelated: float | None
) -> SyncResult:
    part = score_assigned_frames(faces, index, unrelated, calibration)
    return part if part is not None and _probability(part) > _probability(whole) else whole


def _has_company(faces: Sequence[FaceSimilarities], index: int) -> bool:
    """Whether another face is in view at the same time."""
    face = faces[index]
    return any(
        other is not face and face.start_frame < other.end_frame and other.start_frame < face.end_frame
        for other in faces
    )


def _with_common_lag(result: SyncResult, others: Sequence[SyncResult]) -> SyncResult:
    """The result, more or less probable by the lag of the most probable of the others (Bayes' rule)."""
    other = max(others, key=_probability)
    is_near = abs(result.lag_frames - other.lag_frames) <= _NEAR_FRAMES
    sure = _probability(other)
    odds_ratio = sure * (_IF_NEAR if is_near else _IF_APART) + 1 - sure
    likely, unlikely = _probability(result) * odds_ratio, 1 - _probability(result)
    return replace(result, probability=likely / (likely + unlikely))


def _probability(result: SyncResult) -> float:
    return result.probability or 0.0
