"""Held-out quality of a sync network: lags found, and right audio told from other speakers' audio."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from transforms.speakers.sync_scores import SyncMeasure, measure, similarity, sync_curve


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EmbeddedClip:
    """Embeddings of a clip in sync."""

    name: str
    speaker: str
    face: np.ndarray  # float32 (T, E)
    audio: np.ndarray  # float32 (T, E)
    speech: np.ndarray  # bool (T,): frames near speech


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncScore:
    """Held-out quality."""

    lag_share: float  # clips whose lag is found within a frame
    auc: float  # probability that a right pair's curve has a higher peak than a pair with another speaker's audio
    num_clips: int
    num_segments: int

    @property
    def quality(self) -> float:
        """One number to choose by."""
        return (self.lag_share + self.auc) / 2


def score(
    clips: Sequence[EmbeddedClip], negative_speakers: Sequence[EmbeddedClip] = (), segment_frames: int = 75
) -> SyncScore:
    """Lag over whole clips, and AUC of the peak over segments of clips with every other speaker's audio.

    negative_speakers: clips of more speakers, of which the audio alone is used.
    """
    lags = [_measured(clip.face, clip.audio, clip.speech).lag_frames for clip in clips if clip.speech.any()]
    right, wrong = pair_peaks(clips, segment_frames, negative_speakers)
    lag_share = float(np.mean(np.abs(lags) < 1.5)) if lags else float("nan")
    return SyncScore(
        lag_share=lag_share, auc=area_under_curve(right, wrong), num_clips=len(lags), num_segments=len(right)
    )


def pair_peaks(
    clips: Sequence[EmbeddedClip], segment_frames: int, negative_speakers: Sequence[EmbeddedClip] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Peaks of the curve of each segment's face with its own audio, and with each segment of another speaker's."""
    segments, negatives = (_segments_with_speech(given, segment_frames) for given in (clips, negative_speakers))
    right = [_measured(segment.face, segment.audio, segment.speech).peak for segment in segments]
    wrong = []
    for face in segments:
        for audio in (*segments, *negatives):
            if face.speaker != audio.speaker:
                length = min(len(face.face), len(audio.audio))
                wrong.append(_measured(face.face[:length], audio.audio[:length], audio.speech[:length]).peak)
    return np.array(right), np.array(wrong)


def area_under_curve(right: np.ndarray, wrong: np.ndarray) -> float:
    """Probability that a right value exceeds a wrong one; a tie counts half."""
    ordered = np.sort(wrong)
    below = np.searchsorted(ordered, right, "left") + np.searchsorted(ordered, right, "right")
    return float(below.mean() / (2 * len(wrong))) if len(wrong) and len(right) else float("nan")


def _segments_with_speech(clips: Sequence[EmbeddedClip], segment_frames: int) -> list[EmbeddedClip]:
    segments = [segment for clip in clips for segment in _segments(clip, segment_frames)]
    return [segment for segment in segments if segment.speech.sum() >= segment_frames // 3]


def _segments(clip: EmbeddedClip, segment_frames: int) -> list[EmbeddedClip]:
    """Whole segments of the clip; a clip that is shorter by less than a fifth is one segment."""
    length = min(segment_frames, len(clip.face)) if len(clip.face) >= 0.8 * segment_frames else segment_frames
    return [
        EmbeddedClip(
            name=clip.name,
            speaker=clip.speaker,
            face=clip.face[start : start + length],
            audio=clip.audio[start : start + length],
            speech=clip.speech[start : start + length],
        )
        for start in range(0, len(clip.face) - length + 1, length)
    ]


def _measured(face: np.ndarray, audio: np.ndarray, speech: np.ndarray) -> SyncMeasure:
    return measure(sync_curve(similarity(face, audio, speech=speech if speech.any() else None)))
