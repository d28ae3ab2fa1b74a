"""A face on its way through the judge: what was measured, and the row and turns that come of it."""

from dataclasses import dataclass, replace

import numpy as np

from schemas.clock import SAMPLES_PER_FRAME
from schemas.records import FaceTrack, SpeakingTurn, WindowFaces
from schemas.tables import TrackRow
from transforms.media.speech_mask import speech_mask
from transforms.speakers.drift import SegmentLag
from transforms.speakers.sync_result import Evidence
from transforms.speakers.sync_scores import SyncMeasure
from transforms.speakers.turns import SpeakingSpan


@dataclass(slots=True, kw_only=True)
class Candidate:
    """A track, and what is found about it step by step."""

    track: FaceTrack
    voiced: np.ndarray  # bool (T,): speech in the corrected audio
    shift_samples: int = 0  # by how much the audio is corrected
    scores: np.ndarray | None = None  # float32 (T, 31); None: not judged
    evidence: Evidence | None = None  # None: not judged, or nothing to compare
    stretches: tuple[SegmentLag, ...] = ()
    lse_d: float | None = None  # of the published SyncNet alone
    lse_c: float | None = None
    allotted: np.ndarray | None = None  # bool (T,): the voice is this face's, whether it is believed or not
    speaks: np.ndarray | None = None  # bool (T,); None: dropped

    @property
    def measured(self) -> SyncMeasure | None:
        """What the track's curve says."""
        return self.evidence and self.evidence.measured

    def believe(self, evidence: Evidence, faces: WindowFaces, min_shift_frames: float) -> None:
        """Go by this evidence: the audio is corrected by its lag, and what is heard beside each frame moves along."""
        self.evidence, self.shift_samples = evidence, correction(evidence, min_shift_frames)
        self.voiced = voiced(faces, self.track, self.shift_samples)

    @property
    def row(self) -> TrackRow:
        """The track's row, completed."""
        curve = () if self.evidence is None else self.evidence.curve
        return replace(
            self.track.row,
            **self._sync_values(),
            sync_curve=tuple(float(value) for value in curve),
            stretch_middle_frames=tuple(stretch.middle_frame for stretch in self.stretches),
            stretch_lags_frames=tuple(stretch.lag_frames for stretch in self.stretches),
            stretch_lag_se_frames=tuple(stretch.lag_se_frames for stretch in self.stretches),
            voiced_share=float(self.voiced.mean()),
            active_share=0.0 if self.speaks is None else float(self.speaks.mean()),
        )

    def turn(self, span: SpeakingSpan, turn_id: str) -> SpeakingTurn:
        """A stretch in which the face speaks alone."""
        return SpeakingTurn(
            turn_id=turn_id,
            track=self.track,
            start_frame=span.start_frame,
            end_frame=span.end_frame,
            audio_shift_samples=self.shift_samples,
            **self._sync_values(),
        )

    def _sync_values(self) -> dict[str, float | None]:
        """What a row and a turn both tell, by name."""
        evidence, found = self.evidence, self.measured
        return {
            "audio_lag_frames": found and found.lag_frames,
            "audio_lag_se_frames": evidence and evidence.lag_se_frames,
            "sync_probability": evidence and evidence.sync_probability,
            "sync_confidence": found and found.confidence,
            "sync_margin": found and found.margin,
            "lse_d": self.lse_d,
            "lse_c": self.lse_c,
        }


def correction(evidence: Evidence, min_shift_frames: float) -> int:
    """Samples by which the audio is moved: none where the lag may as well be the judge's own error."""
    lag_frames = evidence.measured.lag_frames
    if abs(lag_frames) < max(min_shift_frames, 2 * evidence.lag_se_frames):
        return 0
    return round(lag_frames * SAMPLES_PER_FRAME)


def voiced(faces: WindowFaces, track: FaceTrack, shift_samples: int = 0) -> np.ndarray:
    """bool (T,): speech in the audio as it would be stored, so that what is cut agrees with what is heard beside it."""
    return speech_mask(faces.window.video.speech, track.start_frame, track.end_frame, shift_samples)
