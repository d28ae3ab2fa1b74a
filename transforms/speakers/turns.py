"""From the frames in which a face speaks to turns of one speaker."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME, seconds_from_frames
from schemas.records import SpeechTurn
from transforms.speakers.runs import runs_of

_PAUSE_FRAMES = FRAME_RATE  # shorter pauses belong to the turn
_MIN_OVERLAPPED_FRAMES = 5  # shorter runs of overlapped speech are ignored
_MAX_OVERLAP_GAP_FRAMES = 12  # shorter gaps between overlapped runs are overlapped too


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakingSpan:
    """A turn before it is judged: consecutive frames of one face's speech."""

    start_frame: int  # timeline frames, half-open
    end_frame: int
    overlap_share: float  # 1.0 where two voices speak at once, else 0.0

    @property
    def length_s(self) -> float:
        """Length, seconds."""
        return seconds_from_frames(self.end_frame - self.start_frame)


def contested(speaks: np.ndarray, start_frame: int, others: Iterable[tuple[np.ndarray, int]]) -> np.ndarray:
    """Frames of `speaks`, bool (T,), in which another face speaks too; others: (bool (N,), its first frame) of each."""
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
    min_active_frames: int,
) -> list[SpeakingSpan]:
    """Turns of a face that speaks in `speaks` (bool (T,)), pauses filled, cut where the voice or the overlap changes.

    shared: bool (T,), frames in which another face speaks too; speech: turns of the audio, in samples; shift_samples:
    the correction of the audio; margin_frames: kept around each turn; min_active_frames: shorter runs of `speaks` are
    ignored.
    """
    voices, overlapped = _voices(speech, start_frame, len(speaks), shift_samples)
    overlapped = _close(_open(shared | (overlapped & speaks), _MIN_OVERLAPPED_FRAMES), _MAX_OVERLAP_GAP_FRAMES)
    filled = _close(_open(speaks, min_active_frames), _PAUSE_FRAMES)
    filled = _grow(filled, margin_frames)
    spans = []
    for low, high in runs_of(filled):
        changes = (np.diff(voices[low:high]) != 0) | np.diff(overlapped[low:high])
        bounds = [low, *(low + 1 + int(edge) for edge in np.flatnonzero(changes)), high]
        spans += [
            SpeakingSpan(start_frame=start_frame + a, end_frame=start_frame + b, overlap_share=float(overlapped[a]))
            for a, b in pairwise(bounds)
        ]
    return spans


def longest_run(speaks: np.ndarray) -> int:
    """Frames of the longest run of true values, bool (T,)."""
    return max((high - low for low, high in runs_of(speaks)), default=0)


def _voices(
    speech: Iterable[SpeechTurn], start_frame: int, num_frames: int, shift_samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Number of the voice at each frame, where a pause counts as the voice before it; and where two speak at once."""
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


def _close(mask: np.ndarray, num_frames: int) -> np.ndarray:
    """Fill gaps shorter than num_frames between true frames."""
    closed = mask.copy()
    for low, high in runs_of(~mask):
        if low > 0 and high < len(mask) and high - low < num_frames:
            closed[low:high] = True
    return closed


def _open(mask: np.ndarray, num_frames: int) -> np.ndarray:
    """Remove runs of true frames shorter than num_frames."""
    opened = mask.copy()
    for low, high in runs_of(mask):
        if high - low < num_frames:
            opened[low:high] = False
    return opened


def _grow(mask: np.ndarray, num_frames: int) -> np.ndarray:
    """Extend each run of true frames by num_frames on both sides."""
    grown = mask.copy()
    for low, high in runs_of(mask):
        grown[max(0, low - num_frames) : high + num_frames] = True
    return grown
