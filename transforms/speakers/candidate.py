"""A track that may be the active speaker: what is measured of it, and the row and turns that it becomes."""

from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from schemas.clock import SAMPLES_PER_FRAME, seconds_from_frames
from schemas.records import FaceTrack, SpeakingTurn, WindowFaces
from schemas.sync_result import SyncResult, track_sync_columns
from schemas.tables import TrackRow
from transforms.media.speech_mask import speech_mask
from transforms.speakers.drift import SegmentLag
from transforms.speakers.turns import SpeakingSpan, longest_run


@dataclass(slots=True, kw_only=True, eq=False)
class Candidate:
    """A track, and what is found about it step by step."""

    track: FaceTrack
    voiced: np.ndarray  # bool (T,): frames with speech in the corrected audio
    uses_probability: bool = False  # the sync network has a calibration
    uses_confidence: bool = False  # it has none, or speakers.min_confidence was set
    size_rank: int | None = None  # among the faces in view, the largest is 1; None: few enough to judge them all
    lip_correlation: float | None = None  # highest with a better face in view; None: there is none
    is_copy: bool = False  # of a better face in view
    num_other_faces: int = 0  # faces in view at the same time; counted without a sync network only
    shift_samples: int = 0  # the correction of the audio
    similarities: np.ndarray | None = None  # float32 (T, 31); None: not judged
    sync: SyncResult | None = None  # None: not judged, or nothing could be compared
    segments: tuple[SegmentLag, ...] = ()
    audio_rate: Fraction = Fraction(1)  # by which the audio that it was compared with is corrected
    drift_frames: float | None = None  # change of the lag along the track; None: none was found, or it was corrected
    assigned: np.ndarray | None = None  # bool (T,): the audio is assigned to this face, whether or not it is kept
    speaks: np.ndarray | None = None  # bool (T,); None: dropped
    spans: list[SpeakingSpan] = field(default_factory=list)  # of `speaks`

    @property
    def length_s(self) -> float:
        """Length of the track, seconds."""
        return seconds_from_frames(self.track.end_frame - self.track.start_frame)

    @property
    def active_s(self) -> float:
        """The longest time in a row in which the face speaks, seconds."""
        return 0.0 if self.speaks is None else seconds_from_frames(longest_run(self.speaks))

    @property
    def clarity(self) -> float:
        """How much can be seen of the face: its size, and to a lesser degree its sharpness."""
        return self.track.row.face_source_px * max(self.track.row.sharpness, 0.0) ** 0.25

    def overlaps(self, other: "Candidate") -> bool:
        """Whether both are in view at the same time."""
        return self.track.start_frame < other.track.end_frame and other.track.start_frame < self.track.end_frame

    def adopt(self, result: SyncResult, faces: WindowFaces, min_shift_frames: float) -> None:
        """Take over a sync result: correct the audio by its lag, and mark speech in the corrected audio."""
        self.sync, self.shift_samples = result, correction(result, min_shift_frames)
        self.voiced = voiced(faces, self.track, self.shift_samples)

    @property
    def row(self) -> TrackRow:
        """The track's row, completed."""
        return replace(
            self.track.row,
            **track_sync_columns(self.sync),
            audio_rate_correction=float(self.audio_rate),
            stretch_middle_frames=tuple(segment.middle_frame for segment in self.segments),
            stretch_lags_frames=tuple(segment.lag_frames for segment in self.segments),
            stretch_lag_se_frames=tuple(segment.lag_se_frames for segment in self.segments),
            voiced_share=float(self.voiced.mean()),
            active_share=0.0 if self.speaks is None else float(self.speaks.mean()),
        )

    def turn(self, span: SpeakingSpan, turn_id: str) -> SpeakingTurn:
        """The turn of a span in which the face speaks alone."""
        return SpeakingTurn(
            turn_id=turn_id,
            track=self.track,
            start_frame=span.start_frame,
            end_frame=span.end_frame,
            audio_shift_samples=self.shift_samples,
            sync=self.sync,
        )


def correction(result: SyncResult, min_shift_frames: float) -> int:
    """Samples by which the audio is shifted: 0 where the lag may be no more than the measurement's own error."""
    if abs(result.lag_frames) < max(min_shift_frames, 2 * result.lag_se_frames):
        return 0
    return round(result.lag_frames * SAMPLES_PER_FRAME)


def voiced(faces: WindowFaces, track: FaceTrack, shift_samples: int = 0) -> np.ndarray:
    """Bool (T,): frames with speech in the audio as it would be stored, that is, shifted."""
    return speech_mask(faces.window.video.speech, track.start_frame, track.end_frame, shift_samples)
