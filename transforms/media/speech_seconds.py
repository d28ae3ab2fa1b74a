"""The duration of speech in a range of audio."""

from collections.abc import Iterable

from schemas.clock import SAMPLE_RATE_HZ
from schemas.records import SpeechTurn


def speech_seconds(turns: Iterable[SpeechTurn], start_sample: int, end_sample: int) -> float:
    """Seconds of [start, end) with speech; where turns overlap they count once."""
    spoken, reached = 0, start_sample
    for turn in sorted(turns, key=lambda turn: turn.start_sample):
        first, last = max(turn.start_sample, reached), min(turn.end_sample, end_sample)
        spoken += max(0, last - first)
        reached = max(reached, last)
    return spoken / SAMPLE_RATE_HZ
