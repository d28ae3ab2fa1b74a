"""Whose mouth is dubbed: the faces that were named, the one that speaks the video's own audio, or the only one."""

from collections.abc import Sequence

from schemas.errors import UsageError
from speech2vid.dubbing.tracked_faces import TrackedFace

_PERSON_SHARE = 0.5  # of the largest face: smaller ones that do not speak are bystanders, or no faces
_MAX_LISTED = 8
_PLACES = ("left", "middle", "right")


def chosen_faces(faces: Sequence[TrackedFace], numbers: Sequence[int], name: str) -> list[TrackedFace]:
    """The faces to dub, no two of them in view at once.

    numbers: of --speaker; (): choose. name: of the video, for errors. UsageError: there is no face, no such face, or
    several may be meant; the error lists them.
    """
    if not faces:
        raise UsageError(
            f"{name}: no face is in view for a second or more, or all are too small; give a video that shows one"
        )
    if numbers:
        return _named(faces, numbers, name)
    largest = max(face.face_px for face in faces)
    large = [face for face in faces if face.face_px >= _PERSON_SHARE * largest]
    for found in ([face for face in faces if face.speaks], large):
        if found and not _any_overlap(found):
            return found
        if found:
            break
    which = "several faces speak" if found[0].speaks else "several faces are in view and none speaks the video's audio"
    raise UsageError(f"{name}: {which}; choose with --speaker: {listed(found)}")


def listed(faces: Sequence[TrackedFace]) -> str:
    """Number, time, place and size of faces, for one line."""
    text = "; ".join(_described(face) for face in faces[:_MAX_LISTED])
    more = len(faces) - _MAX_LISTED
    return f"{text}; and {more} more" if more > 0 else text


def _named(faces: Sequence[TrackedFace], numbers: Sequence[int], name: str) -> list[TrackedFace]:
    by_number = {face.number: face for face in faces}
    missing = [number for number in numbers if number not in by_number]
    if missing:
        raise UsageError(f"{name}: --speaker {missing[0]} is none of its faces: {listed(faces)}")
    found = [by_number[number] for number in sorted(set(numbers))]
    if _any_overlap(found):
        raise UsageError(
            f"{name}: --speaker names faces that are in view at once; give those of one person: {listed(found)}"
        )
    return found


def _any_overlap(faces: Sequence[TrackedFace]) -> bool:
    return any(one.overlaps(other) for index, one in enumerate(faces) for other in faces[:index])


def _described(face: TrackedFace) -> str:
    first, last = face.parts[0], face.parts[-1]
    place = _PLACES[min(int(first.centre[0] * len(_PLACES)), len(_PLACES) - 1)]
    return f"{face.number} ({first.seconds[0]:.1f}-{last.seconds[1]:.1f} s, {place}, {face.face_px:.0f} px)"
