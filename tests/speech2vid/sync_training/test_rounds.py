import dataclasses

import numpy as np
import pytest
import torch

from speech2vid.sync_training.rounds import CrossValidation, RoundPlan, cross_validate, train_on_all
from speech2vid.sync_training.worker_pool import open_pool
from speech2vid.training.curves import CurvesOfTrainings
from tests.speech2vid.sync_training.test_jobs import QUICK
from tests.speech2vid.talking_clips import made_people

CLIPS = made_people(num_people=5, clips_each=2)


def one_round(folder, workers: int, **changes) -> tuple[CrossValidation, list]:
    settings = dataclasses.replace(QUICK, steps=6, score_every=2, **changes)
    plan = RoundPlan(folder=folder / "round1", settings=settings, seed=0, num_networks=2, num_folds=2)
    curves = CurvesOfTrainings(folder / "tensorboard")
    with open_pool(CLIPS, workers) as pool:
        validation = cross_validate(CLIPS, plan, pool, curves)
        return validation, train_on_all(plan, validation.steps, pool, curves)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return one_round(tmp_path_factory.mktemp("alone"), workers=1)


def test_more_workers_change_no_number(alone, tmp_path):
    (validation, pairs), (again, others) = alone, one_round(tmp_path, workers=2)
    assert (
        validation.folds,
        validation.scores,
        validation.steps,
        validation.calibration,
        validation.calibration_scores,
    ) == (again.folds, again.scores, again.steps, again.calibration, again.calibration_scores)
    for one, other in zip(pairs, others, strict=True):
        assert all(torch.equal(one.state_dict()[name], other.state_dict()[name]) for name in one.state_dict())


def test_every_fold_adds_to_the_calibration(alone):
    validation, pairs = alone
    assert len(pairs) == 2 and np.isfinite(validation.calibration.weights).all()
    scored = [{segment.speaker for segment in result.segments} for result in validation.results]
    assert scored == [set(speakers) for speakers in validation.folds]


def test_folds_end_when_they_are_no_better(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "speech2vid.sync_training.rounds.has_stopped", lambda qualities, patience: len(qualities[0]) == 2
    )
    validation, _ = one_round(tmp_path, workers=1)
    assert [sorted(scores) for scores in validation.scores] == [[2, 4], [2, 4]] and validation.steps in (2, 4)
