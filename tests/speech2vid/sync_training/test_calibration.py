import numpy as np
import pytest
from scipy.special import expit

from schemas.errors import UsageError
from speech2vid.sync_training.calibration import calibrate, calibration_scores
from speech2vid.sync_training.segments import RIGHT, JudgedSegment

RANDOM = np.random.default_rng(0)


def pieces(
    speaker: str = "a", length_s: int = 3, number: int = 3000, slope: float = 2.0, offset: float = -1.0
) -> list[JudgedSegment]:
    """Pieces whose odds follow their first feature."""
    values = RANDOM.normal(0.5, 1, (number, 3))
    is_right = RANDOM.random(number) < expit(slope * values[:, 0] + offset)
    return [
        JudgedSegment(speaker=speaker, length_s=length_s, kind=RIGHT if right else "moved", features=own)
        for own, right in zip(values, is_right, strict=True)
    ]


def test_the_odds_that_are_so_are_found():
    found = calibrate(pieces())
    np.testing.assert_allclose(found.weights, [2, 0, 0], atol=0.25)
    assert found.offset == pytest.approx(-1, abs=0.2)


def test_right_and_wrong_count_alike_whatever_their_number():
    own = pieces()
    right = [piece for piece in own if piece.kind == RIGHT]
    once, again = calibrate(own), calibrate(own + 5 * right)
    np.testing.assert_allclose(once.weights, again.weights, atol=1e-3)
    assert once.offset == pytest.approx(again.offset, abs=1e-3)


@pytest.mark.parametrize("other", [{"speaker": "b"}, {"length_s": 1}])
def test_people_and_lengths_with_many_pieces_do_not_drown_the_others(other):
    own, few = pieces(), pieces(slope=-2.0, offset=1.0, number=500, **other)
    once, again = calibrate(own + few), calibrate(own + 6 * few)
    np.testing.assert_allclose(once.weights, again.weights, atol=1e-3)
    assert abs(once.weights[0]) < 0.5


def test_pieces_that_a_plane_parts_have_finite_weights():
    parted = [
        JudgedSegment(speaker="a", length_s=1, kind=kind, features=np.array([value, 0.0, 0.0]))
        for kind, value in ((RIGHT, 1.0), (RIGHT, 0.9), ("moved", 0.1), ("reversed", 0.0))
    ]
    found = calibrate(parted)
    assert np.isfinite(found.weights).all() and found.weights[0] > 0


def test_probabilities_that_are_so_have_no_error_and_others_have():
    good = calibration_scores([pieces("a"), pieces("b")])[3]
    bad = calibration_scores([pieces("a"), pieces("b", slope=-2.0, offset=1.0)])[3]
    assert good.expected_error < 0.05 and good.log_loss < 0.6
    assert bad.expected_error > 0.3 and bad.log_loss > 0.6
    assert good.num_right + good.num_wrong == 6000


def test_nothing_wrong_to_learn_from_gets_one_line():
    with pytest.raises(UsageError, match="enough speech"):
        calibrate([piece for piece in pieces() if piece.kind == RIGHT])
