"""Which of the clips that share performances are kept: the best, and what they do not show."""

from collections import defaultdict
from collections.abc import Iterable

from transforms.copies.compared_clip import ComparedClip, DroppedClip, SharedPart, best_first, size_step
from transforms.media.takedown_list import is_removed

_ROUNDING_S = 1e-6
_Span = tuple[float, float, str]  # begin and end, s from a clip's begin, and the key of the kept clip that shows it
_Shared = tuple[tuple[float, float], str, tuple[float, float]]  # span of a clip, key of the other, span there


def choose_kept(parts: Iterable[SharedPart], max_shared: float) -> list[DroppedClip]:
    """The clips to drop of those that share parts with each other, and for each the kept clip that shows most of it.

    Clips are judged best source first. One is dropped where the kept ones show more than `max_shared` of it, directly
    or through a clip that was dropped; what is less stays with it. Clips on record are never dropped. A clip that shows
    anything of one that was taken down is dropped, and `kept_key` stands for that one.
    """
    found = sorted(parts, key=lambda part: (part.first.key, part.second.key))
    clips = {clip.key: clip for part in found for clip in (part.first, part.second)}
    shared = _shared_by_clip(found)
    shown: dict[str, list[_Span]] = {}
    removed: dict[str, list[_Span]] = {}  # what clips that were taken down show
    dropped = []
    for clip in _in_order(list(clips.values())):
        if is_removed(clip.key):
            removed[clip.key] = [(0.0, clip.length_s, clip.key)]
            continue
        removed[clip.key] = _shown_of(shared[clip.key], removed)
        if removed[clip.key] and not clip.is_stored:
            dropped.append(DroppedClip(key=clip.key, kept_key=_most_shown(removed[clip.key])))
            continue
        spans = _shown_of(shared[clip.key], shown)
        if clip.is_stored or _length(spans) <= max_shared * clip.length_s + _ROUNDING_S:
            shown[clip.key] = [(0.0, clip.length_s, clip.key)]
            continue
        shown[clip.key] = spans
        dropped.append(DroppedClip(key=clip.key, kept_key=_most_shown(spans)))
    return sorted(dropped, key=lambda one: one.key)


def _shared_by_clip(parts: list[SharedPart]) -> dict[str, list[_Shared]]:
    shared = defaultdict(list)
    for part in parts:
        shared[part.first.key].append((part.first_s, part.second.key, part.second_s))
        shared[part.second.key].append((part.second_s, part.first.key, part.first_s))
    return shared


def _in_order(clips: list[ComparedClip]) -> list[ComparedClip]:
    """Those on record first; then the clips of the best source, so that not every other clip comes from another."""
    by_source = defaultdict(list)
    for clip in sorted(clips, key=best_first):
        by_source[clip.source_id].append(clip)
    place_of = {source_id: _source_order(source_id, of_it) for source_id, of_it in by_source.items()}
    return sorted(clips, key=lambda clip: (not clip.is_stored, place_of[clip.source_id], best_first(clip)))


def _source_order(source_id: str, clips: list[ComparedClip]) -> tuple[int, int, float, float, str]:
    """As `best_first`, of all its clips together."""
    length_s = sum(clip.length_s for clip in clips)
    face_px = sum(clip.face_source_px * clip.length_s for clip in clips) / length_s
    sharpness = sum(clip.sharpness * clip.length_s for clip in clips) / length_s
    damaged_frames = max(clip.damaged_frames for clip in clips)
    return damaged_frames, -size_step(face_px), -sharpness, -length_s, source_id


def _shown_of(shared: list[_Shared], shown: dict[str, list[_Span]]) -> list[_Span]:
    """The spans of a clip that kept clips show, one after another, each once."""
    spans = [
        (_placed(max(begin, there[0]), there, here), _placed(min(end, there[1]), there, here), kept)
        for here, other, there in shared
        for begin, end, kept in shown.get(other, [])
        if min(end, there[1]) > max(begin, there[0])
    ]
    once: list[_Span] = []
    for begin, end, kept in sorted(spans, key=lambda span: (span[0], -span[1], span[2])):
        begin = max(begin, once[-1][1]) if once else begin
        if end > begin:
            once.append((begin, end, kept))
    return once


def _placed(time_s: float, there: tuple[float, float], here: tuple[float, float]) -> float:
    """A time within one span, in the span that shows the same."""
    return here[0] + (time_s - there[0]) * (here[1] - here[0]) / (there[1] - there[0])


def _length(spans: list[_Span]) -> float:
    return sum(end - begin for begin, end, _ in spans)


def _most_shown(spans: list[_Span]) -> str:
    lengths: dict[str, float] = defaultdict(float)
    for begin, end, kept in spans:
        lengths[kept] += end - begin
    return min(lengths, key=lambda kept: (-lengths[kept], kept))
