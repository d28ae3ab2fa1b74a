"""Which clips are compared: those that share a key, a bounded number of them for each clip and key."""

from collections.abc import Iterable, Iterator

from transforms.copies.alignment import shared_part
from transforms.copies.compared_clip import ComparedClip, SharedPart, best_first
from transforms.copies.config import CopiesConfig
from transforms.media.fingerprint import read_fingerprint

MAX_BEST, MAX_NEXT = 8, 8
"""Of those that share a key, each clip is compared with the best, and with those that follow it in that order.

Where more share one (a jingle, a chant, the thousandth copy), the work grows with their number, not with its square.
A copy that is neither among the best nor near is found by other keys, of which a clip has some twenty a second."""
_MIN_APART_S = 1.0  # within one source: what lies nearer is what comes next, not a copy


def pairs_of_key(clips: Iterable[ComparedClip]) -> Iterator[tuple[str, str]]:
    """The pairs of clips of one key that are compared, each in the order of their keys."""
    ordered = sorted({clip.key: clip for clip in clips}.values(), key=best_first)
    for place, clip in enumerate(ordered):
        others = [*ordered[: min(place, MAX_BEST)], *ordered[max(place - MAX_NEXT, MAX_BEST) : place]]
        for other in others:
            if may_be_copies(clip, other):
                yield (clip.key, other.key) if clip.key < other.key else (other.key, clip.key)


def may_be_copies(clip: ComparedClip, other: ComparedClip) -> bool:
    """Whether to compare two clips: not if both are on record, nor if one follows the other in one source."""
    if clip.is_stored and other.is_stored:
        return False
    apart_s = max(clip.start_s, other.start_s) - min(clip.end_s, other.end_s)
    return clip.source_id != other.source_id or apart_s >= _MIN_APART_S


def shared_by_two(first: ComparedClip, second: ComparedClip, config: CopiesConfig) -> Iterator[SharedPart]:
    """What two clips share, if they share a performance."""
    found = shared_part(read_fingerprint(first.fingerprint), read_fingerprint(second.fingerprint), config)
    if found is not None:
        ends = {"first_s": found.first_s, "second_s": found.second_s}
        yield SharedPart(first=first.without_fingerprint(), second=second.without_fingerprint(), **ends)
