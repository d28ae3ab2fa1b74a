import numpy as np
import pytest
from scipy.special import expit

from schemas.errors import UsageError
from speech2vid.sync_training.calibration import calibrate, calibration_scores
from speech2vid.sync_training.segments import RIGHT, ScoredSegment

RANDOM = np.random.default_rng(0)


def segments(
    speaker: str = "a", length_s: int = 3, number: int = 3000, slope: float = 2.0, offset: float = -1.0
) -> list[ScoredSegment]:
    """Segments whose odds follow their first feature."""
    values = RANDOM.normal(0.5, 1, (number, 3))
    is_right = RANDOM.random(number) < expit(slope * values[:, 0] + offset)
    return [
        ScoredSegment(speaker=speaker, length_s=length_s, kind=RIGHT if right else "moved", features=row)
        for row, right in zip(values, is_right, strict=True)
    ]


def test_the_true_odds_are_found():
    found = calibrate(segments())
    np.testing.assert_allclose(found.weights, [2, 0, 0], atol=0.25)
    assert found.offset == pytest.approx(-1, abs=0.2)


def test_right_and_wrong_have_equal_weight_whatever_their_number():
    found = segments()
    right = [segment for segment in found if segment.kind == RIGHT]
    once, again = calibrate(found), calibrate(found + 5 * right)
    np.testing.assert_allclose(once.weights, again.weights, atol=1e-3)
    assert once.offset == pytest.approx(again.offset, abs=1e-3)


@pytest.mark.parametrize("other", [{"speaker": "b"}, {"length_s": 1}])
def test_speakers_and_lengths_with_many_segments_do_not_outweigh_the_others(other):
    many, few = segments(), segments(slope=-2.0, offset=1.0, number=500, **other)
    once, again = calibrate(many + few), calibrate(many + 6 * few)
    np.testing.assert_allclose(once.weights, again.weights, atol=1e-3)
    assert abs(once.weights[0]) < 0.5


def test_segments_that_a_plane_separates_give_finite_weights():
    separated = [
        ScoredSegment(speaker="a", length_s=1, kind=kind, features=np.array([value, 0.0, 0.0]))
        for kind, value in ((RIGHT, 1.0), (RIGHT, 0.9), ("moved", 0.1), ("reversed", 0.0))
    ]
    found = calibrate(separated)
    assert np.isfinite(found.weights).all() and found.weights[0] > 0


def test_true_probabilities_have_no_error_and_others_have():
    good = calibration_scores([segments("a"), segments("b")])[3]
    bad = calibration_scores([segments("a"), segments("b", slope=-2.0, offset=1.0)])[3]
    assert good.expected_error < 0.05 and good.log_loss < 0.6
    assert bad.expected_error > 0.3 and bad.log_loss > 0.6
    assert good.num_right + good.num_wrong == 6000


def test_segments_without_wrong_audio_get_one_line():
    with pytest.raises(UsageError, match="enough speech"):
        calibrate([segment for segment in segments() if segment.kind == RIGHT])
