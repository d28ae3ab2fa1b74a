import dataclasses
import math

import pytest
import torch

from schemas.errors import TalkshardError
from speech2vid.generator_training.checkpoint import load_generator, resume_training, save_generator, save_training
from speech2vid.generator_training.loop import GeneratorTraining, learning_rate
from speech2vid.reader.ranks import Ranks
from tests.speech2vid.talking_images import PAPER_LIKE, SMALLEST, made_batch

ALONE = Ranks(rank=0, num_ranks=1, device=torch.device("cpu"))


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def _training(settings=SMALLEST, **changed) -> GeneratorTraining:
    training = GeneratorTraining(dataclasses.replace(settings, **changed), 0, ALONE)
    training.pretrain((made_batch(4, 2, seed=seed) for seed in range(3)), lambda line: None)
    return training


def _weights(training) -> list[torch.Tensor]:
    return [*training.generator.state_dict().values(), *training.average.state_dict().values()]


def test_every_loss_of_a_recipe_is_finite_and_weights_move():
    training = _training()
    before = [value.clone() for value in training.generator.parameters()]
    numbers = training.advance(made_batch())
    assert set(numbers) == {"loss", "pixel", "difference", "lip_shape", "lip_features", "gradient_norm"}
    assert numbers["loss"] == pytest.approx(
        sum(numbers[name] for name in ("pixel", "difference", "lip_shape", "lip_features")), rel=1e-4
    )
    assert all(
        not torch.equal(a, b) for a, b in zip(before, training.generator.parameters(), strict=True) if b.ndim == 4
    )


def test_a_resumed_run_equals_an_uninterrupted_one_to_the_bit(tmp_path):
    whole = _training()
    losses = [whole.advance(made_batch(seed=seed)) for seed in range(4)]
    half = _training()
    for seed in range(2):
        half.advance(made_batch(seed=seed))
    save_training(half, {"epoch": 1}, tmp_path / "state.safetensors")
    torch.manual_seed(99)
    resumed = GeneratorTraining(SMALLEST, 0, ALONE)
    assert resume_training(resumed, tmp_path / "state.safetensors") == {"epoch": 1}
    assert [resumed.advance(made_batch(seed=seed)) for seed in (2, 3)] == losses[2:]
    assert all(torch.equal(a, b) for a, b in zip(_weights(whole), _weights(resumed), strict=True))


def test_a_loss_that_is_not_finite_stops_the_run():
    training, batch = _training(PAPER_LIKE), made_batch()
    batch.targets[0, 0, 0, 0] = math.nan
    with pytest.raises(TalkshardError, match="not finite any more"):
        training.advance(batch)


def test_faces_that_do_not_change_with_the_audio_stop_the_run():
    training = _training(PAPER_LIKE, min_change=1e-4, min_change_after=1)
    with torch.no_grad():
        training.average.module.audio.layers[-1][1].weight.zero_()
    training.change_with_audio(made_batch())  # not before its step
    training.steps = 1
    with pytest.raises(TalkshardError, match="do not change with the audio"):
        training.change_with_audio(made_batch())


def test_faces_that_change_with_the_audio_do_not_stop_the_run():
    training = _training(PAPER_LIKE, min_change=1e-9, min_change_after=0)
    assert training.change_with_audio(made_batch()) > 1e-9


def test_a_mouth_learns_to_follow_the_audio():
    settings = dataclasses.replace(
        SMALLEST, learning_rate=3e-3, warm_up=5, steps=30, averaging=0.8, augment_audio=False, deblurring_width=0
    )
    training = GeneratorTraining(settings, 0, ALONE)
    training.pretrain((made_batch(3, 4, seed=seed) for seed in range(6)), lambda line: None)
    for seed in range(30):
        training.advance(made_batch(2, 4, seed=100 + seed))
    batch = made_batch(4, 4, seed=999)
    darkness = [-faces[..., 70:90, 45:70].mean((1, 2, 3)) for faces in (training.generate(batch), batch.targets)]
    deviations = [value.unflatten(0, (4, 4)) - value.unflatten(0, (4, 4)).mean(1, keepdim=True) for value in darkness]
    assert torch.corrcoef(torch.stack([value.flatten() for value in deviations]))[0, 1] > 0.6


def test_the_rate_warms_up_and_cools_down():
    settings = dataclasses.replace(SMALLEST, learning_rate=1.0, warm_up=10, steps=110)
    rates = [learning_rate(step, settings) for step in range(111)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == rates[10] == 1.0 and rates[60] == pytest.approx(0.51)
    assert rates[110] == pytest.approx(0.02)


def test_a_generator_is_loaded_from_its_file_and_another_width_is_refused(tmp_path):
    training, batch = _training(PAPER_LIKE), made_batch()
    save_generator(training.averaged, tmp_path / "generator.safetensors")
    loaded = load_generator(tmp_path / "generator.safetensors")
    torch.testing.assert_close(loaded(batch.audio, batch.identity), training.generate(batch), rtol=0, atol=1 / 255)
    with pytest.raises(TalkshardError, match=r"width 0\.05, not 0\.25"):
        load_generator(tmp_path / "generator.safetensors", dataclasses.replace(loaded.settings, width=0.25))


def test_averaged_weights_soon_forget_the_untrained_ones():
    """Batch norm's statistics too: after ten steps the averaged generator is near the trained one."""
    training = _training(PAPER_LIKE, learning_rate=0.0)
    for seed in range(10):
        training.advance(made_batch(4, seed=seed))
    trained, averaged = (net.identity.first[1].running_mean for net in (training.generator, training.averaged))
    assert trained.abs().mean() > 1
    torch.testing.assert_close(averaged, trained, rtol=0.5, atol=5)
