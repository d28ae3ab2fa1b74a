"""From who fits the sound, frame by frame, to turns of one speaker."""
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import label

from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME
from schemas.records import SpeechTurn
from transforms.speakers.config import SpeakersConfig

_ACTIVE_SHARE = 0.25  # of min_confidence: less than that and the face is silent, or not heard
_PAUSE_FRAMES = FRAME_RATE  # shorter pauses belong to the turn
_EDGE_FRAMES = 5  # kept around a turn: lips open before the voice and close after it


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakingSpan:
    """A stretch of one face's speech."""

    start_frame: int  # timeline frames, half-open
    end_frame: int
    overlap_share: float  # 1.0 where two voices sound at once, else 0.0


def allot_voice(candidates: list, config: SpeakersConfig) -> None:
    """Set `speaks` of each candidate: the voice of a frame goes to the face it fits best, or to none.

    Where the runner-up fits at least `speakers.overlap_ratio` as well, and its track passed the rules too, both speak.
    """
    if not candidates:
        return
    first = min(candidate.track.start_frame for candidate in candidates)
    last = max(candidate.track.end_frame for candidate in candidates)
    scores = np.full((len(candidates), last - first), -np.inf)
    for row, candidate in zip(scores, candidates):
        row[candidate.track.start_frame - first:candidate.track.end_frame - first] = candidate.activity
    best = scores.max(0)
    for row, candidate in zip(scores, candidates):
        fits = (row > _ACTIVE_SHARE * config.min_confidence) & (row >= config.overlap_ratio * best)
        candidate.speaks = fits[candidate.track.start_frame - first:candidate.track.end_frame - first] & candidate.voiced
    for candidate in candidates:
        candidate.contested = _contested(candidate, candidates)


def _contested(candidate, candidates: list) -> np.ndarray:
    """bool (T,): frames in which another face speaks too."""
    contested = np.zeros(len(candidate.speaks), bool)
    start, end = candidate.track.start_frame, candidate.track.end_frame
    for other in candidates:
        low, high = max(start, other.track.start_frame), min(end, other.track.end_frame)
        if other is not candidate and low < high:
            offset = other.track.start_frame
            contested[low - start:high - start] |= other.speaks[low - offset:high - offset]
    return contested & candidate.speaks


def speaking_spans(speaks: np.ndarray, contested: np.ndarray, speech: Iterable[SpeechTurn], start_frame: int,
                   shift_samples: int) -> list[SpeakingSpan]:
    """Turns of a face that speaks in `speaks` (bool (T,)): pauses filled, cut where the voice or the overlap changes.

    speech: turns of the sound, in samples; shift_samples: how late the sound is.
    """
    voices, overlapped = _voices(speech, start_frame, len(speaks), shift_samples)
    overlapped = _close(_open(contested | (overlapped & speaks), 5), 12)
    filled = _close(_open(speaks, 5), _PAUSE_FRAMES)
    filled = _grow(filled, _EDGE_FRAMES)
    spans = []
    for low, high in _runs(filled):
        edges = 1 + np.nonzero((voices[low + 1:high] != voices[low:high - 1])
                               | (overlapped[low + 1:high] != overlapped[low:high - 1]))[0] + low
        bounds = [low, *(int(edge) for edge in edges), high]
        spans += [SpeakingSpan(start_frame=start_frame + a, end_frame=start_frame + b,
                               overlap_share=float(overlapped[a])) for a, b in zip(bounds, bounds[1:])]
    return spans


def _voices(speech: Iterable[SpeechTurn], start_frame: int, num_frames: int,
            shift_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Number of the voice at each frame, a pause counting to the voice before it, and where two sound at once."""
    middles = (np.arange(start_frame, start_frame + num_frames) * SAMPLES_PER_FRAME + SAMPLES_PER_FRAME // 2
               + shift_samples)
    names, voices, overlapped = [""], np.full(num_frames, -1), np.zeros(num_frames, bool)
    for turn in speech:
        inside = (turn.start_sample <= middles) & (middles < turn.end_sample)
        if turn.voice not in names:
            names.append(turn.voice)
        voices[inside] = names.index(turn.voice)
        overlapped |= inside & turn.overlapped
    known = np.nonzero((voices >= 0) & ~overlapped)[0]
    if len(known) == 0:
        return np.zeros(num_frames, int), overlapped
    before = np.clip(np.searchsorted(known, np.arange(num_frames), side="right") - 1, 0, None)
    return voices[known[before]], overlapped


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    marks, count = label(mask)
    return [(int(where[0]), int(where[-1]) + 1) for where in (np.nonzero(marks == n + 1)[0] for n in range(count))]


def _close(mask: np.ndarray, num_frames: int) -> np.ndarray:
    """Fill gaps shorter than num_frames between true frames."""
    closed = mask.copy()
    for low, high in _runs(~mask):
        if low > 0 and high < len(mask) and high - low < num_frames:
            closed[low:high] = True
    return closed


def _open(mask: np.ndarray, num_frames: int) -> np.ndarray:
    """Remove true stretches shorter than num_frames."""
    opened = mask.copy()
    for low, high in _runs(mask):
        if high - low < num_frames:
            opened[low:high] = False
    return opened


def _grow(mask: np.ndarray, num_frames: int) -> np.ndarray:
    grown = mask.copy()
    for low, high in _runs(mask):
        grown[max(0, low - num_frames):high + num_frames] = True
    return grown
