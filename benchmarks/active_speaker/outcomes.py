"""The outcome of one case: what the judge measured and decided."""

from dataclasses import dataclass
from math import inf
from typing import TypedDict

from schemas.sync_result import SyncResult

KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One case with a known answer, and what the judge measured and decided."""

    group: str  # pairs, lags, faces, handover, voice_over, noise, images, drift, recordings
    kind: str  # what the audio is, or what was changed
    length_s: int  # as named: a segment may be a twentieth shorter; 0: as long as the recording
    speaker: str  # the face's person: intervals resample these
    face: str  # file and first frame
    audio: str  # file and first frame
    true_lag_frames: float | None = None  # None: unknown, or there is none
    lag_frames: float | None = None  # None: nothing could be compared
    lag_se_frames: float | None = None
    confidence: float | None = None
    probability: float | None = None
    yaw_deg: float | None = None  # median of the face's track; None: not recorded
    curve: tuple[float, ...] = ()
    verdict: str = ""  # KEPT, or the rule that dropped the face; "": not judged by rules
    answer: str = ""  # of a case with several possible answers: the right one
    found: str = ""  # of such a case: the judge's answer
    value: float | None = None  # another number that the group measures; None: not found

    @property
    def score(self) -> float:
        """The score that cases are ranked by: the probability where the judge gives one, else the confidence."""
        if self.probability is not None:
            return self.probability
        return -inf if self.confidence is None else self.confidence

    @property
    def lag_error_frames(self) -> float | None:
        """Distance of the lag, to the nearest frame, from the ground truth; infinite where no lag was found."""
        if self.true_lag_frames is None:
            return None
        return inf if self.lag_frames is None else abs(round(self.lag_frames) - self.true_lag_frames)


class SyncFields(TypedDict, total=False):
    """The fields of an Outcome that a sync result fills."""

    lag_frames: float
    lag_se_frames: float
    confidence: float
    probability: float | None
    curve: tuple[float, ...]


def sync_fields(result: SyncResult | None) -> SyncFields:
    """Fields of an Outcome that a sync result fills; none where nothing could be compared."""
    if result is None:
        return {}
    return {
        "lag_frames": result.lag_frames,
        "lag_se_frames": result.lag_se_frames,
        "confidence": result.confidence,
        "probability": result.probability,
        "curve": result.curve,
    }
