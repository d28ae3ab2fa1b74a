import multiprocessing

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from speech2vid.sync_training.batches import BatchSettings
from speech2vid.sync_training.checkpoint import load_towers
from speech2vid.sync_training.jobs import TrainingJob, WorkerState, evaluate_fold, start_worker, train_to
from speech2vid.sync_training.loop import SyncTrainingSettings, trained
from speech2vid.sync_training.segments import RIGHT
from tests.speech2vid.talking_clips import made_people

QUICK = SyncTrainingSettings(
    steps=15,
    score_every=5,
    width=16,
    embedding=16,
    learning_rate=5e-3,
    warm_up=5,
    averaging=0.8,
    batches=BatchSettings(num_clips=8, num_frames=40),
)


class Killed(Exception):
    """Stands for a power cut."""


@pytest.fixture(autouse=True)
def _worker():
    threads = torch.get_num_threads()
    start_worker(made_people(), multiprocessing.Value("q"))
    yield
    torch.set_num_threads(threads)


def job(folder, name: str = "fold0", held_out_speakers=("p1", "p2")) -> TrainingJob:
    folder.mkdir(exist_ok=True)
    return TrainingJob(
        name=name,
        folder=folder,
        held_out_speakers=frozenset(held_out_speakers),
        is_scored=bool(held_out_speakers),
        settings=QUICK,
        seed=3,
    )


def kill_at(killing_step: int):
    def after_step(step: int) -> None:
        if step == killing_step:
            raise Killed

    return after_step


@pytest.mark.parametrize("killing_step", [3, 5, 8])
def test_a_killed_training_that_is_resumed_gives_the_same_bits(tmp_path, killing_step):
    whole, killed = job(tmp_path / "whole"), job(tmp_path / "killed")
    uninterrupted = train_to(whole, 15)
    with pytest.raises(Killed):
        train_to(killed, 15, kill_at(killing_step))
    torch.rand(7), np.random.rand(3)
    assert train_to(killed, 15) == uninterrupted and len(uninterrupted[0]) == 15
    for one, other in ((whole.state_path, killed.state_path), (whole.towers_path(15), killed.towers_path(15))):
        one, other = load_file(one), load_file(other)
        assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_training_in_parts_equals_the_whole_training(tmp_path):
    in_parts_job = job(tmp_path)
    for step in (5, 10, 15):
        train_to(in_parts_job, step)
    learnt = [clip for clip in made_people() if clip.speaker not in ("p1", "p2")]
    at_once, in_parts = trained(learnt, QUICK, 3), load_towers(in_parts_job.towers_path(15), QUICK)
    assert all(
        torch.equal(one, other)
        for one, other in zip(at_once.state_dict().values(), in_parts.state_dict().values(), strict=True)
    )


def test_what_is_finished_is_not_trained_again(tmp_path):
    history = train_to(job(tmp_path), 10)
    made = WorkerState.steps_made.value
    assert (train_to(job(tmp_path), 10), train_to(job(tmp_path), 5)) == (history, history)
    assert (made, WorkerState.steps_made.value) == (10, 10)


def test_held_out_speakers_are_scored_at_each_checkpoint(tmp_path):
    losses, scores = train_to(job(tmp_path), 10)
    assert (len(losses), sorted(scores), scores[10].num_clips) == (10, [5, 10], 6)


def test_a_speaker_held_out_alone_is_compared_with_trained_speakers(tmp_path):
    _, scores = train_to(job(tmp_path, held_out_speakers=("p1",)), 5)
    assert 0 <= scores[5].auc <= 1 and scores[5].num_clips == 3


def test_a_network_trained_on_all_is_not_scored(tmp_path):
    assert train_to(job(tmp_path, "all", held_out_speakers=()), 5)[1] == {}


def test_no_partial_file_is_left(tmp_path):
    train_to(job(tmp_path), 5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fold0-step000005.safetensors", "fold0.safetensors"]


def test_held_out_speakers_are_evaluated_clip_by_clip(tmp_path):
    train_to(job(tmp_path), 5)
    train_to(job(tmp_path, "more"), 5)
    found = evaluate_fold([job(tmp_path), job(tmp_path, "more")], 5)
    assert {segment.speaker for segment in found.segments} == {"p1", "p2"}
    assert {segment.kind == RIGHT for segment in found.segments} == {True, False}
    assert len(found.similarities) == 6 and {scores.shape for scores in found.similarities.values()} == {(100, 31)}
