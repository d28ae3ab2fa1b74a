import dataclasses

import numpy as np
import pytest
import torch

from speech2vid.sync_training.rounds import HeldOut, RoundPlan, learn_from_all, leave_out, open_pool
from speech2vid.training.sync_progress import Curves
from tests.speech2vid.sync_training.test_jobs import QUICK
from tests.speech2vid.talking_clips import made_people

CLIPS = made_people(num_people=5, clips_each=2)


def one_round(folder, workers: int, **changes) -> tuple[HeldOut, list]:
    settings = dataclasses.replace(QUICK, steps=6, score_every=2, **changes)
    plan = RoundPlan(folder=folder / "round1", settings=settings, seed=0, num_networks=2, num_folds=2)
    with open_pool(CLIPS, workers) as (pool, progress):
        held_out = leave_out(CLIPS, plan, pool, progress, Curves(folder / "tensorboard"))
        return held_out, learn_from_all(plan, held_out.steps, pool, progress, Curves(folder / "tensorboard"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return one_round(tmp_path_factory.mktemp("alone"), workers=1)


def test_more_workers_change_no_number(alone, tmp_path):
    (held, pairs), (again, others) = alone, one_round(tmp_path, workers=2)
    assert (held.folds, held.scores, held.steps, held.calibration, held.calibration_scores) == (
        again.folds,
        again.scores,
        again.steps,
        again.calibration,
        again.calibration_scores,
    )
    for one, other in zip(pairs, others, strict=True):
        assert all(torch.equal(one.state_dict()[name], other.state_dict()[name]) for name in one.state_dict())


def test_every_fold_teaches_what_curves_are_worth(alone):
    held, pairs = alone
    assert len(pairs) == 2 and np.isfinite(held.calibration.weights).all()
    judged = [{piece.speaker for piece in found.pieces} for found in held.evidence]
    assert judged == [set(people) for people in held.folds]


def test_folds_end_when_they_become_no_better(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "speech2vid.sync_training.rounds.has_stopped", lambda qualities, patience: len(qualities[0]) == 2
    )
    held, _ = one_round(tmp_path, workers=1)
    assert [sorted(scores) for scores in held.scores] == [[2, 4], [2, 4]] and held.steps in (2, 4)
