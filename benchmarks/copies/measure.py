"""How many copies are found, and which pairs of other clips are taken for copies."""

import itertools
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from benchmarks.copies.reencode import VARIANTS
from schemas.clock import FRAME_RATE
from schemas.stored.clip import read_clips
from transforms.copies.alignment import MIN_SHARED_S, best_alignment
from transforms.copies.bands import band_keys
from transforms.copies.config import CopiesConfig
from transforms.media.fingerprint import Fingerprint, clip_fingerprint, read_fingerprint

_VARIANTS = {variant.name: variant for variant in VARIANTS}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasuredClip:
    """One clip of a recording or of a copy of it."""

    variant: str  # "": the recording itself
    recording: str  # path below the data, without suffix
    start_s: float  # in the recording's time
    end_s: float
    fingerprint: Fingerprint
    keys: frozenset[str]
    cpu_s: float  # that its fingerprint took


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPair:
    """Two clips, and how well they agree."""

    variant: str  # of the second
    first: str
    second: str
    audio: float
    lips: float
    shares_key: bool
    is_found: bool


def measured_clips(dataset: str) -> Iterator[MeasuredClip]:
    """The clips of a dataset whose sources are named VARIANT/ROLE/GROUP/NAME, or ROLE/GROUP/NAME."""
    for clip in read_clips(dataset):
        variant, recording = _named(clip.row["source_uri"])
        copied = _VARIANTS.get(variant)
        speed, begin_s = (copied.speed, copied.begin_s) if copied else (1.0, 0.0)
        samples, mesh = clip.samples, clip.mesh
        began = time.process_time()
        text = clip_fingerprint(samples, mesh)
        cpu_s = time.process_time() - began
        start_s = clip.row["start_frame"] / FRAME_RATE
        found = read_fingerprint(text)
        yield MeasuredClip(
            variant=variant if copied else "",
            recording=recording,
            start_s=begin_s + start_s * speed,
            end_s=begin_s + (start_s + clip.num_frames / FRAME_RATE) * speed,
            fingerprint=found,
            keys=frozenset(band_keys(found)),
            cpu_s=cpu_s,
        )


def copied_pairs(clips: Sequence[MeasuredClip], config: CopiesConfig) -> Iterator[MeasuredPair]:
    """Each clip of a copy with the clips of its recording that show a second of it or more."""
    originals = defaultdict(list)
    for clip in clips:
        if not clip.variant:
            originals[clip.recording].append(clip)
    for clip in clips:
        for original in originals[clip.recording] if clip.variant else []:
            if min(clip.end_s, original.end_s) - max(clip.start_s, original.start_s) >= MIN_SHARED_S:
                yield measured_pair(original, clip, config)


def other_pairs(clips: Iterable[MeasuredClip], config: CopiesConfig) -> Iterator[MeasuredPair]:
    """All pairs of clips of different recordings, neither of which is a copy that was made here."""
    originals = [clip for clip in clips if not clip.variant]
    for first, second in itertools.combinations(originals, 2):
        if first.recording != second.recording:
            yield measured_pair(first, second, config)


def measured_pair(first: MeasuredClip, second: MeasuredClip, config: CopiesConfig) -> MeasuredPair:
    """Two clips laid upon each other, whether or not they share a key."""
    found = best_alignment(first.fingerprint, second.fingerprint)
    audio, lips = (found.audio, found.lips) if found else (0.0, 0.0)
    return MeasuredPair(
        variant=second.variant,
        first=first.recording,
        second=second.recording,
        audio=audio,
        lips=lips,
        shares_key=bool(first.keys & second.keys),
        is_found=audio >= config.min_audio and lips >= config.min_lips,
    )


def _named(uri: str) -> tuple[str, str]:
    variant, _, rest = uri.partition("/")
    known = variant in _VARIANTS or variant == "original"
    return (variant if known else ""), str(PurePosixPath(rest if known else uri).with_suffix(""))
