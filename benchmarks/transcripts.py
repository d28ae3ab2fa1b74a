"""Word error rate of --transcripts on recordings whose words are known: GRID's sentences, and what a second costs.

    python -m benchmarks.transcripts FOLDER ... [--output FILE.json]

Words are read from the `.align` beside each recording, else from its name, which spells a GRID sentence
(lbax4n). Digits count as their words; case and punctuation do not count. GRID's sentences are commands without
sense ("lay blue at x four now"), spoken fast: far from what the recogniser learnt, and the letter is a guess.
"""

import argparse
import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from schemas.clock import SAMPLE_RATE_HZ
from transforms.media.audio import decode_audio
from transforms.media.config import AudioConfig
from transforms.media.mfcc_file import audio_span_s, probe_voice
from transforms.transcripts.moonshine import Moonshine

_CODE = re.compile(r"(?:.*_)?([blps])([bgrw])([abiw])([a-z])([0-9z])([anps])")
_SPELT = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {},
    dict(zip("0123456789z", "zero one two three four five six seven eight nine zero".split(), strict=True)),
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)
_DIGITS = _SPELT[4]
_LETTER = 3  # place of the letter in a sentence


def main(argv: list[str] | None = None) -> int:
    """Print the rates of all recordings together."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transcripts", description=__doc__.splitlines()[0])
    parser.add_argument("folders", metavar="FOLDER", nargs="+")
    parser.add_argument("--output", metavar="FILE", help="all sentences, as JSON")
    args = parser.parse_args(argv)
    found = list(_sentences([path for folder in args.folders for path in sorted(Path(folder).glob("*.mpg"))]))
    if args.output:
        Path(args.output).write_text(json.dumps(found, indent=1))
    seconds, cpu_s = (sum(one[name] for one in found) for name in ("seconds", "cpu_s"))
    print(f"{len(found)} recordings, {seconds:.0f} s of audio, {1000 * cpu_s / seconds:.1f} ms of CPU per second")
    for name, free in (("all words", None), ("the letter may be any word", _LETTER)):
        errors = sum(word_errors(one["words"], one["found"].split(), free) for one in found)
        total = sum(len(one["words"]) - (free is not None) for one in found)
        print(f"word error rate, {name}: {errors} of {total}, {errors / total:.3f}")
    right = sum(one["words"] == one["found"].split() for one in found)
    print(f"sentences without an error: {right} of {len(found)}")
    return 0


def word_errors(words: Sequence[str], said: Sequence[str], free: int | None = None) -> int:
    """Fewest words to change, add or drop to make `words` of `said`. free: place of a word that may be any word."""
    row = list(range(len(said) + 1))
    for number, word in enumerate(words):
        before, row[0] = row[0], row[0] + (number != free)
        for place, other in enumerate(said, 1):
            kept = before + (word != other and number != free)
            before, row[place] = row[place], min(row[place] + (number != free), row[place - 1] + 1, kept)
    return row[-1]


def plain_words(text: str) -> list[str]:
    """The words of a text in small letters, digits spelt one by one."""
    spelt = re.sub(r"[0-9]", lambda digit: f" {_DIGITS[digit[0]]} ", text.lower())
    return re.sub(r"[^a-z' ]", " ", spelt).split()


def known_words(path: Path) -> list[str]:
    """The words of a GRID recording."""
    align = path.with_suffix(".align")
    if align.exists():
        return [line.split()[2] for line in align.read_text().splitlines() if line.split()[2] not in ("sil", "sp")]
    letters = _CODE.fullmatch(path.stem)
    if letters is None:
        raise SystemExit(f"{path}: it has no .align, and its name is no GRID sentence")
    return [spelt.get(letter, letter) for letter, spelt in zip(letters.groups(), _SPELT, strict=True)]


def _samples(path: Path) -> np.ndarray:
    """The whole audio of a recording: int16 (N,), 16 kHz."""
    probe, timeline = probe_voice(str(path), AudioConfig())
    assert probe.used_audio is not None and timeline is not None, f"{path} has no video or no audio"
    _, end_s = audio_span_s(str(path), probe.used_audio.index)
    num_samples = int((end_s - timeline.zero_s) * SAMPLE_RATE_HZ)
    blocks = decode_audio(str(path), probe.used_audio.index, timeline.zero_s, num_samples, probe.audio_mix)
    return np.concatenate([*blocks])


def _sentences(paths: list[Path]) -> Iterator[dict]:
    recogniser = Moonshine()
    for path in paths:
        samples = _samples(path)
        begin_s = time.process_time()
        said = recogniser.transcribe(samples)
        cpu_s = time.process_time() - begin_s
        yield {
            "name": path.name,
            "words": known_words(path),
            "text": said.text,
            "found": " ".join(plain_words(said.text)),
            "confidence": said.confidence,
            "seconds": len(samples) / SAMPLE_RATE_HZ,
            "cpu_s": cpu_s,
        }


if __name__ == "__main__":
    raise SystemExit(main())
