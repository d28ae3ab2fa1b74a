"""Diarization of overlapping chunks: which local speakers are one voice, and turns cut where voices change."""

from collections.abc import Callable

import numpy as np
import scipy

from schemas.records import SpeechTurn
from transforms.prepare.speech_spans import SpeechThresholds, speech_spans


def stitch_voices(scores: np.ndarray, hop_frames: float, onset: float) -> dict[int, tuple[int, np.ndarray]]:
    """Voice number -> (first frame, whether it speaks in each frame as 0 or 1), numbered as they appear.

    scores: (chunks, frames, local speakers), each chunk `hop_frames` after the one before. A local speaker gets the
    voice with which it agrees most where chunks overlap, else a new one; a voice that is silent for a whole chunk gets
    a new number afterwards. In each frame as many voices speak as its chunks count on average: those with the highest
    mean scores.
    """
    num_chunks, num_frames, _ = scores.shape
    starts = [round(chunk * hop_frames) for chunk in range(num_chunks)]
    coverage, num_speaking = np.zeros((2, starts[-1] + num_frames))
    parts: dict[int, list[tuple[int, np.ndarray]]] = {}  # voice -> (first frame, its scores) in each chunk
    last_voices: dict[int, int] = {}  # local speaker of the previous chunk -> voice
    for chunk, start in enumerate(starts):
        coverage[start : start + num_frames] += 1
        num_speaking[start : start + num_frames] += (scores[chunk] >= onset).sum(1)
        shared = num_frames - (start - starts[chunk - 1]) if chunk else 0
        before = scores[chunk - 1, num_frames - shared :] if shared > 0 else scores[chunk, :0]
        voices = _same_voices(before, scores[chunk, : max(0, shared)], last_voices, onset)
        for speaker in np.flatnonzero((scores[chunk] >= onset).any(0)).tolist():
            voice = voices.setdefault(speaker, len(parts))
            parts.setdefault(voice, []).append((start, scores[chunk, :, speaker]))
        last_voices = {
            speaker: voice for speaker, voice in voices.items() if (scores[chunk, :, speaker] >= onset).any()
        }
    means = {voice: _mean_scores(of_voice, coverage) for voice, of_voice in parts.items()}
    return _highest(means, np.rint(num_speaking / coverage).astype(int), scores.shape[2])


def voice_turns(
    voices: dict[int, tuple[int, np.ndarray]],
    frame_s: float,
    sample_of_frame: Callable[[int], int],
    thresholds: SpeechThresholds,
) -> tuple[SpeechTurn, ...]:
    """Turns of one voice alone, and of several at once (`overlapped`), ascending."""
    edges: list[tuple[int, int, int]] = []  # (frame, +1 begins or -1 ends, voice)
    for voice, (first, scores) in voices.items():
        for start, end in speech_spans(scores, frame_s, thresholds):
            edges += [(first + start, 1, voice), (first + end, -1, voice)]
    turns: list[SpeechTurn] = []
    speaking: set[int] = set()
    since = 0
    for frame, change, voice in sorted(edges):
        if speaking and frame > since:
            turns.append(
                SpeechTurn(
                    start_sample=sample_of_frame(since),
                    end_sample=sample_of_frame(frame),
                    overlapped=len(speaking) > 1,
                    voice="+".join(f"voice{number:03d}" for number in sorted(speaking)),
                )
            )
        (speaking.add if change > 0 else speaking.discard)(voice)
        since = frame
    return tuple(turns)


def _same_voices(before: np.ndarray, now: np.ndarray, last_voices: dict[int, int], onset: float) -> dict[int, int]:
    """Local speaker now -> voice, for those who speak in both chunks where these overlap."""
    agreement = (before.T >= onset).astype(float) @ (now >= onset)
    pairs = zip(*scipy.optimize.linear_sum_assignment(-agreement), strict=True)
    return {int(new): last_voices[old] for old, new in pairs if agreement[old, new] > 0 and old in last_voices}


def _mean_scores(parts: list[tuple[int, np.ndarray]], coverage: np.ndarray) -> tuple[int, np.ndarray]:
    """First frame of a voice, and its mean score in each frame from there on."""
    first = parts[0][0]
    total = np.zeros(parts[-1][0] + len(parts[-1][1]) - first)
    for start, scores in parts:
        total[start - first : start - first + len(scores)] += scores
    return first, total / coverage[first : first + len(total)]


def _highest(
    means: dict[int, tuple[int, np.ndarray]], counts: np.ndarray, max_count: int
) -> dict[int, tuple[int, np.ndarray]]:
    """Voices as 0 and 1: in each frame the `counts` highest mean scores are 1."""
    highest = np.zeros((max_count, len(counts)))
    for first, mean in means.values():
        part = highest[:, first : first + len(mean)]
        part[:] = np.sort(np.vstack([part, mean]), axis=0)[:0:-1]
    lowest_speaking = np.where(counts > 0, highest[np.clip(counts, 1, max_count) - 1, np.arange(len(counts))], np.inf)
    return {
        voice: (first, ((mean >= lowest_speaking[first : first + len(mean)]) & (mean > 0)).astype(float))
        for voice, (first, mean) in means.items()
    }
