"""Mouth shapes between those at 25 a second, taken from a stream as it goes."""

import numpy as np
import pytest

from speech2vid.dubbing.new_mouth import NewMouth

ROWS = np.arange(8, dtype=np.float32)[:, None] * 10


def mouth(*sizes):
    """The rows 0, 10, 20 ... in batches of these sizes."""
    return NewMouth(iter(np.split(ROWS, np.cumsum(sizes))))


@pytest.mark.parametrize("sizes", [(8,), (1, 1, 1), (0, 3, 0, 2)])
def test_frames_at_25_a_second_have_the_rows(sizes):
    new = mouth(*sizes)
    assert [float(new.at(frame / 25, 1 / 25)[0]) for frame in range(8)] == pytest.approx(ROWS[:, 0].tolist(), abs=1e-3)


def test_frames_at_50_a_second_lie_between_the_rows():
    new = mouth(8)
    found = [float(new.at(frame / 50, 1 / 50)[0]) for frame in range(6)]
    assert found == pytest.approx([0, 2.5, 7.5, 12.5, 17.5, 22.5], abs=1e-3)


def test_frames_at_10_a_second_skip_rows():
    new = mouth(8)
    assert [float(new.at(frame / 10, 1 / 10)[0]) for frame in range(3)] == pytest.approx([7.5, 32.5, 57.5], abs=1e-3)


def test_after_the_last_row_its_shape_stays():
    assert float(mouth(8).at(100.0, 1 / 25)[0]) == 70


def test_no_more_rows_are_taken_than_needed():
    taken = []

    def batches():
        for row in ROWS:
            taken.append(float(row[0]))
            yield row[None]

    NewMouth(batches()).at(2 / 25, 1 / 25)
    assert len(taken) == 4
