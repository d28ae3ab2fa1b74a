"""Audio that runs at another rate than the images: 44.1 kHz played as 48 kHz, 24 images a second played as 25.

The lag then changes along the track, and the sync curve smears. A rate is searched on the embeddings, with their time
axis stretched; the rate found is tried on the audio itself before anything is corrected.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME
from schemas.records import WindowFaces
from schemas.sync_result import SyncResult
from transforms.media.audio_rate import read_at_rate, speech_at_rate
from transforms.speakers.audio_embedding import AUDIO_MARGIN_FRAMES, AudioEmbedding
from transforms.speakers.sync_scores import SHIFTS, sync_curve

MIN_FRAMES = 3 * FRAME_RATE
"""Shorter tracks do not show a change of the lag."""
SURE_PROBABILITY = 0.9
"""Of a face with corrected audio. Of 89 faces with another's audio, each at its best rate, the highest is 0.67."""
MIN_GAIN_TO_CORRECT, MIN_GAIN_TO_DROP = 0.03, 0.08
"""Of the sync curve's peak. Where audio ran as the images did it was below 0.03 in 83 of 89 faces, 0.064 at most."""
MIN_DRIFT_FRAMES = 2.0
"""Along the track, to be corrected: the peak of a curve is as wide."""
_MAX_STRETCH = 0.11
_FINE_STEPS = np.array([-0.75, -0.5, -0.25, 0.25, 0.5, 0.75])  # frames at the end of those compared; coarse ones: 1
_MAX_COMPARED_FRAMES = 10 * FRAME_RATE
_SHARP_SE_FRAMES = 0.25
_COMMON = (Fraction(147, 160), Fraction(160, 147), Fraction(24, 25), Fraction(25, 24))
_SNAP = 0.04  # of the peak: a common rate that fits nearly as well, and is at most 1.5 frames off at the end, is taken
_MAX_DENOMINATOR = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioRate:
    """The rate at which a face's audio fits best, and by how much better."""

    rate: Fraction  # sample n of the corrected audio is sample n x rate of the source
    gain: float  # of the sync curve's peak
    num_frames: int  # compared

    @property
    def drift_frames(self) -> float:
        """By how much the lag changes along the frames compared, without a correction."""
        return abs(float(self.rate) - 1) * self.num_frames

    @property
    def may_be_corrected(self) -> bool:
        """Whether the correction is worth a try."""
        return self.gain >= MIN_GAIN_TO_CORRECT and self.drift_frames >= MIN_DRIFT_FRAMES


def may_drift(result: SyncResult, num_frames: int) -> bool:
    """Whether a search is worth its time: not where a long enough track has a sharp and certain peak."""
    is_sharp = (result.probability or 0.0) >= SURE_PROBABILITY and result.lag_se_frames < _SHARP_SE_FRAMES
    return num_frames >= MIN_FRAMES and not is_sharp


def is_certain(result: SyncResult | None, uncorrected: SyncResult | None) -> bool:
    """Whether the corrected audio certainly is the face's, and more so than the uncorrected."""
    corrected, before = ((one and one.probability) or 0.0 for one in (result, uncorrected))
    return corrected >= SURE_PROBABILITY and corrected > before


def at_audio_rate(faces: WindowFaces, audio: np.ndarray, rate: Fraction) -> tuple[WindowFaces, np.ndarray]:
    """A window and its audio, see embed_window_audio, corrected by a rate."""
    first = (faces.window.start_frame - AUDIO_MARGIN_FRAMES) * SAMPLES_PER_FRAME

    def read(start: int, end: int) -> np.ndarray:
        low, high = (min(max(sample - first, 0), len(audio)) for sample in (start, end))
        return np.pad(audio[low:high], (low - (start - first), end - first - high))

    video = faces.window.video
    window = replace(faces.window, video=replace(video, speech=speech_at_rate(video.speech, rate)))
    return replace(faces, window=window), read_at_rate(read, rate, first, first + len(audio))


def find_rate(face: np.ndarray, audio: AudioEmbedding, start_frame: int) -> AudioRate:
    """The best rate of a face's unit vectors (T, D), whose first frame is start_frame of the timeline.

    The audio is taken to begin with the images, so its lag at the timeline's zero is 15 frames at most.
    """
    face = np.nan_to_num(face[:_MAX_COMPARED_FRAMES])
    cosines = face @ np.nan_to_num(audio.vectors).T
    exists = audio.speech & np.isfinite(audio.vectors).all(1)
    peaks: dict[Fraction, float] = {}

    def best_of(middle: float, steps: np.ndarray) -> Fraction:
        rates = [Fraction(middle + step / len(face)).limit_denominator(_MAX_DENOMINATOR) for step in steps]
        peaks.update({rate: _peak(cosines, exists, audio.start_frame, start_frame, rate) for rate in rates})
        return max(rates, key=lambda rate: peaks[rate])

    num_steps = int(_MAX_STRETCH * len(face))
    coarse = best_of(1.0, np.arange(-num_steps, num_steps + 1))
    best = max(coarse, best_of(float(coarse), _FINE_STEPS), key=lambda rate: peaks[rate])
    peaks.update({rate: _peak(cosines, exists, audio.start_frame, start_frame, rate) for rate in _COMMON})
    near = [rate for rate in _COMMON if peaks[rate] >= peaks[best] - _SNAP and abs(rate - best) * len(face) <= 1.5]
    chosen = min(near, key=lambda rate: abs(rate - best), default=best)
    return AudioRate(rate=chosen, gain=peaks[chosen] - peaks[Fraction(1)], num_frames=len(face))


def _peak(cosines: np.ndarray, exists: np.ndarray, audio_start: int, face_start: int, rate: Fraction) -> float:
    """Highest value of the sync curve of cosines (T, S) when the audio is played at another rate."""
    frames = np.arange(len(cosines))
    places = np.round((frames[:, None] + face_start + SHIFTS) * float(rate)).astype(int) - audio_start
    inside = (places >= 0) & (places < len(exists))
    places = np.clip(places, 0, len(exists) - 1)
    curve = sync_curve(np.where(inside & exists[places], cosines[frames[:, None], places], np.nan))
    return float(np.nanmax(curve)) if np.isfinite(curve).any() else -1.0
