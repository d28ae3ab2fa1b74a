"""The benchmark of people: its scores, and its made people."""

import numpy as np
import pytest

from benchmarks.people.__main__ import main
from benchmarks.people.made_faces import MEAN_SQUARE, MEASURED_DISTANCES, made_faces
from benchmarks.people.pairs import pair_scores


def test_pairs_count_what_is_said_and_what_is():
    found = pair_scores(
        ["p", "p", "p", "q"], ["ann", "ann", "ben", "ben"]
    )  # three pairs are said, two are, one is both
    assert (found.precision, found.recall, found.people, found.found_people) == (1 / 3, 1 / 2, 2, 2)
    assert found.f1 == pytest.approx(0.4)


def test_without_a_pair_there_is_nothing_to_be_wrong_about():
    assert (pair_scores(["p"], ["ann"]).precision, pair_scores(["p"], ["ann"]).recall) == (1, 1)


def test_made_people_lie_as_far_apart_as_measured():
    vectors, people = made_faces(300, 4)
    means = np.stack([vectors[people == number].mean(0) for number in range(300)])
    apart = ((means[:, None] - means[None]) ** 2).sum(-1)[np.triu_indices(300, 1)]
    within = [
        np.sqrt(((one[:, None] - one[None]) ** 2).sum(-1)[np.triu_indices(4, 1)].mean())
        for one in np.split(vectors, 300)
    ]
    assert apart.mean() == pytest.approx(MEAN_SQUARE, rel=0.1)
    assert np.mean(within) == pytest.approx(np.mean(MEASURED_DISTANCES), rel=0.1)


def test_the_time_of_made_people_is_printed_with_their_scores(capsys):
    assert main(["made", "--people", "20", "--tracks", "5"]) == 0
    assert "100 of 20 people, found as 20: precision 1.0000, recall 1.0000" in capsys.readouterr().out
