"""Runs of consecutive true values."""

import numpy as np
import pytest

from transforms.speakers.runs import runs_of


@pytest.mark.parametrize(
    ("mask", "runs"),
    [("", []), ("0", []), ("1", [(0, 1)]), ("0110100", [(1, 3), (4, 5)]), ("1100111", [(0, 2), (4, 7)])],
)
def test_runs_are_half_open_and_reach_to_the_ends(mask, runs):
    assert runs_of(np.array([value == "1" for value in mask], bool)) == runs
