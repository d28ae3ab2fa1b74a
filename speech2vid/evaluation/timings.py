"""Timings of words, as GRID's `.align` files give them, and the moments at which p, b and m close the lips."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from schemas.clock import FRAME_RATE, SAMPLE_RATE_HZ
from schemas.errors import UsageError
from speech2vid.evaluation.clips import EvaluationClip

SUFFIX = ".align"
_UNITS_PER_S = 25_000  # of an .align file
_LETTER_M = "m"  # spoken "em": its lips close at the end; b and p are spoken "bee" and "pee"
_NOT_CLOSED = ("ph", "ps", "pn", "pt")  # spellings that begin with another consonant


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word of a source; times in seconds of the source."""

    text: str
    start_s: float
    end_s: float


class Timings:
    """The timing files of a folder and its subfolders, by the name of the source without its ending."""

    def __init__(self, folder: Path) -> None:
        """List the files; UsageError: there are none."""
        self._folder = folder
        self._paths = {path.stem: path for path in sorted(folder.rglob(f"*{SUFFIX}"))}
        if not self._paths:
            raise UsageError(
                f"--timings {folder} holds no {SUFFIX} file: give a folder of GRID's files of lines 'start end word', "
                "named like the recordings"
            )

    def require_any_of(self, clips: Sequence[EvaluationClip]) -> None:
        """Raise UsageError where no file is named like the source of one of the clips."""
        names = {PurePosixPath(clip.stored.row["source_uri"]).stem for clip in clips}
        if not names & self._paths.keys():
            raise UsageError(
                f"--timings {self._folder}: no {SUFFIX} file is named like a recording of the clips, such as "
                f"{min(names)}{SUFFIX}"
            )

    def moments_of(self, clip: EvaluationClip) -> np.ndarray | None:
        """Moments of p, b and m in a clip, float64 (M,), in frames counted from its first evaluated one.

        None: its source has no timing file.
        """
        row = clip.stored.row
        path = self._paths.get(PurePosixPath(row["source_uri"]).stem)
        if path is None:
            return None
        zero_s = row["source_start_s"] + row["audio_shift_samples"] / SAMPLE_RATE_HZ
        frames = (closing_moments(read_words(path)) - zero_s) * FRAME_RATE - clip.frames[0]
        return frames[(frames >= 0) & (frames < len(clip.frames))]


def read_words(path: Path) -> list[Word]:
    """Words of an .align file; UsageError names the line that is none."""
    words = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            start, end, text = line.split()
            words.append(Word(text=text, start_s=int(start) / _UNITS_PER_S, end_s=int(end) / _UNITS_PER_S))
        except ValueError:
            raise UsageError(f"{path}, line {number}: expected 'start end word' in 1/25000 s, not {line!r}") from None
    return words


def closing_moments(words: list[Word]) -> np.ndarray:
    """Times in s, float64 (M,), at which the lips meet for the first p, b or m of a word.

    Only where a word begins with one does the word's own timing say when; for the letter m it is the word's end.
    """
    moments = [
        word.end_s if word.text == _LETTER_M else word.start_s
        for word in words
        if word.text[:1] in ("p", "b", "m") and not word.text.startswith(_NOT_CLOSED)
    ]
    return np.array(moments, np.float64)
