"""From who speaks, frame by frame, to turns of one speaker."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.ndimage import label

from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME
from schemas.records import SpeechTurn

_PAUSE_FRAMES = FRAME_RATE  # shorter pauses belong to the turn


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakingSpan:
    """A stretch of one face's speech."""

    start_frame: int  # timeline frames, half-open
    end_frame: int
    overlap_share: float  # 1.0 where two voices audio at once, else 0.0


def contested(speaks: np.ndarray, start_frame: int, others: Iterable[tuple[np.ndarray, int]]) -> np.ndarray:
    """Frames, bool (T,), of those in `speaks` (bool (T,)) in which another face speaks too: (its frames, its start)."""
    shared = np.zeros(len(speaks), bool)
    end_frame = start_frame + len(speaks)
    for other, start in others:
        low, high = max(start_frame, start), min(end_frame, start + len(other))
        if low < high:
            shared[low - start_frame : high - start_frame] |= other[low - start : high - start]
    return shared & speaks


def speaking_spans(
    speaks: np.ndarray,
    shared: np.ndarray,
    speech: Iterable[SpeechTurn],
    start_frame: int,
    shift_samples: int,
    margin_frames: int,
) -> list[SpeakingSpan]:
    """Turns of a face that speaks in `speaks` (bool (T,)): pauses filled, cut where the voice or the overlap changes.

    shared: bool (T,), frames in which another face speaks too; speech: turns of the audio, in samples; shift_samples:
    by how much the audio is corrected; margin_frames: kept around each turn.
    """
    voices, overlapped = _voices(speech, start_frame, len(speaks), shift_samples)
    overlapped = _close(_open(shared | (overlapped & speaks), 5), 12)
    filled = _close(_open(speaks, 5), _PAUSE_FRAMES)
    filled = _grow(filled, margin_frames)
    spans = []
    for low, high in _runs(filled):
        edges = (
            1
            + np.nonzero(
                (voices[low + 1 : high] != voices[low : high - 1])
                | (overlapped[low + 1 : high] != overlapped[low : high - 1])
            )[0]
            + low
        )
        bounds = [low, *(int(edge) for edge in edges), high]
        spans += [
            SpeakingSpan(start_frame=start_frame + a, end_frame=start_frame + b, overlap_share=float(overlapped[a]))
            for a, b in pairwise(bounds)
        ]
    return spans


def _voices(
    speech: Iterable[SpeechTurn], start_frame: int, num_frames: int, shift_samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Number of the voice at each frame, a pause counting to the voice before it, and where two audio at once."""
    middles = (
        np.arange(start_frame, start_frame + num_frames) * SAMPLES_PER_FRAME + SAMPLES_PER_FRAME // 2 + shift_samples
    )
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
        grown[max(0, low - num_frames) : high + num_frames] = True
    return grown
