"""Whose mouth is dubbed."""

from pathlib import Path

import pytest

from schemas.errors import UsageError
from speech2vid.dubbing.choose_face import chosen_faces
from speech2vid.dubbing.tracked_faces import TrackedFace, TrackPart


def face(
    number: int, start: int, end: int, *, speaks: bool = False, x: float = 0.5, face_px: float = 120.0
) -> TrackedFace:
    """A face of one track."""
    part = TrackPart(
        path=Path(), start_frame=start, end_frame=end, end_rule="lost", speaks=speaks, face_px=face_px, centre=(x, 0.5)
    )
    return TrackedFace(number=number, parts=(part,))


def numbers(faces, wanted=()):
    return [one.number for one in chosen_faces(faces, wanted, "--video v.mp4")]


def test_the_only_face_is_dubbed_whether_it_speaks_or_not():
    assert numbers([face(1, 0, 50)]) == [1]


def test_the_face_that_speaks_is_dubbed_and_not_the_one_beside_it():
    assert numbers([face(1, 0, 50), face(2, 0, 50, speaks=True)]) == [2]


def test_a_much_smaller_face_that_does_not_speak_is_a_bystander():
    assert numbers([face(1, 0, 50), face(2, 0, 50, face_px=50)]) == [1]
    assert numbers([face(1, 0, 50), face(2, 0, 50, face_px=50, speaks=True)]) == [2]


def test_faces_of_shot_after_shot_are_all_dubbed():
    assert numbers([face(1, 0, 50), face(2, 50, 90), face(3, 90, 120)]) == [1, 2, 3]
    assert numbers([face(1, 0, 50, speaks=True), face(2, 50, 90), face(3, 90, 120, speaks=True)]) == [1, 3]


def test_the_numbers_that_are_given_decide():
    faces = [face(1, 0, 50, speaks=True), face(2, 0, 50), face(3, 50, 90)]
    assert numbers(faces, [3, 2]) == [2, 3]


@pytest.mark.parametrize(
    ("faces", "wanted", "message"),
    [
        ([], (), "no face is in view"),
        ([face(1, 0, 50, x=0.1), face(2, 25, 90, x=0.9)], (), r"--speaker: 1 \(0.0-2.0 s, left, 120 px\); 2 \(1.0-3.6"),
        ([face(1, 0, 50, speaks=True), face(2, 25, 90, speaks=True)], (), "several faces speak"),
        ([face(1, 0, 50)], (4,), "--speaker 4 is none of its faces: 1"),
        ([face(1, 0, 50), face(2, 25, 90)], (1, 2), "in view at once"),
        ([face(number, 0, 50) for number in range(1, 12)], (), "and 3 more"),
    ],
)
def test_what_cannot_be_decided_is_one_line_that_lists_the_faces(faces, wanted, message):
    with pytest.raises(UsageError, match=message):
        numbers(faces, wanted)
