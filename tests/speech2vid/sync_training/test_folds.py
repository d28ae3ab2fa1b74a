import pytest

from schemas.errors import UsageError
from speech2vid.sync_training.folds import choose_steps, deal_speakers, has_stopped
from tests.speech2vid.talking_clips import made_clip, made_people

NAN = float("nan")


def test_each_speaker_but_the_largest_is_held_out_once():
    clips = [*made_people(num_people=7), made_clip("p3", 77)]
    folds = deal_speakers(clips, 3)
    assert sorted(name for fold in folds for name in fold) == ["p0", "p1", "p2", "p4", "p5", "p6"]
    assert {len(fold) for fold in folds} == {2}


def test_steps_are_chosen_where_all_folds_and_neighbouring_steps_are_good():
    lucky = {100: 0.5, 200: 0.95, 300: 0.5, 400: 0.8, 500: 0.8, 600: 0.8, 700: 0.6}
    assert choose_steps([lucky, lucky]) == 500


def test_folds_that_cannot_be_scored_do_not_count_for_the_number_of_steps():
    undecided = {100: NAN, 200: NAN, 300: NAN}
    assert choose_steps([{100: 0.5, 200: 0.6, 300: 0.9}, undecided]) == 300


def test_folds_of_which_none_can_be_scored_get_one_line():
    with pytest.raises(UsageError, match="no held-out speakers"):
        choose_steps([{100: NAN}])


@pytest.mark.parametrize(
    ("qualities", "stops"),
    [
        ([0.5, 0.6, 0.7], False),
        ([0.5, 0.7, 0.6], False),
        ([0.5, 0.7, 0.6, 0.7], True),
        ([0.7, 0.6, 0.71], False),
        ([NAN] * 9, False),
    ],
)
def test_training_ends_after_two_scorings_that_are_no_better(qualities, stops):
    assert has_stopped([dict(enumerate(qualities))], patience=2) is stops


def test_folds_continue_together_while_their_mean_becomes_better():
    at_its_best, learning = {1: 1.0, 2: 1.0, 3: 1.0}, {1: 0.5, 2: 0.6, 3: 0.7}
    assert not has_stopped([at_its_best, learning], patience=1) and has_stopped([at_its_best], patience=1)
