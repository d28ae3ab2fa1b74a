"""What the judge said of one case."""

from dataclasses import dataclass
from math import inf

from transforms.speakers.sync_result import Evidence

KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One case with a known answer, and what came of it."""

    group: str  # pairs, lags, faces, handover, voice_over, noise, images, drift, recordings
    kind: str  # what the audio is, or what was changed
    length_s: int  # as named: a piece may be a twentieth shorter; 0: as long as the recording
    speaker: str  # whose face: intervals draw these anew
    face: str  # file and first frame
    audio: str  # file and first frame
    true_lag_frames: float | None = None  # None: unknown, or there is none
    lag_frames: float | None = None  # None: nothing could be compared
    lag_se_frames: float | None = None
    confidence: float | None = None
    probability: float | None = None
    yaw_deg: float | None = None  # median of the face's track; None: not asked
    curve: tuple[float, ...] = ()
    verdict: str = ""  # KEPT, or the rule that dropped the face; "": not asked
    answer: str = ""  # of a choice: what is right
    found: str = ""  # of a choice: what the judge said
    value: float | None = None  # what the group measures beside; None: not found

    @property
    def score(self) -> float:
        """What ranks cases: the probability where the judge has one, else the confidence."""
        if self.probability is not None:
            return self.probability
        return -inf if self.confidence is None else self.confidence

    @property
    def lag_error_frames(self) -> float | None:
        """How far the lag, to the nearest frame, is from the truth; infinite where none was found."""
        if self.true_lag_frames is None:
            return None
        return inf if self.lag_frames is None else abs(round(self.lag_frames) - self.true_lag_frames)


def heard(evidence: Evidence | None) -> dict[str, object]:
    """Fields of an Outcome that evidence fills."""
    if evidence is None:
        return {}
    return {
        "lag_frames": evidence.measured.lag_frames,
        "lag_se_frames": evidence.lag_se_frames,
        "confidence": evidence.measured.confidence,
        "probability": evidence.sync_probability,
        "curve": tuple(float(value) for value in evidence.curve),
    }
