import dataclasses
import math

import pytest
import torch

from schemas.errors import TalkshardError
from speech2vid.reader.ranks import Ranks
from speech2vid.training.loop import TrainingLoop, learning_rate
from speech2vid.training.loop_settings import LoopSettings
from speech2vid.training.options import TrainingOptions
from tests.speech2vid.training.made_task import MadeBatch, MadeSamples, MadeSettings, MadeTask

ALONE = Ranks(rank=0, num_ranks=1, device=torch.device("cpu"))
OPTIONS = TrainingOptions(dataset="", recipe="made", output="", threads=1)


def _loop(samples: MadeSamples | None = None, **loop) -> TrainingLoop:
    settings = MadeSettings(samples=samples or MadeSamples())
    settings = dataclasses.replace(settings, loop=dataclasses.replace(settings.loop, **loop))
    made = TrainingLoop(MadeTask(settings, OPTIONS, ALONE), settings.loop, 0, ALONE)
    made.start()
    return made


def _weights(loop: TrainingLoop) -> torch.Tensor:
    return torch.cat([value.flatten() for value in loop.task.network.parameters()]).detach()


def test_a_step_gives_each_loss_and_their_sum():
    numbers = _loop().advance([MadeTask(MadeSettings(), OPTIONS, ALONE).batch(0)])
    assert set(numbers) == {"loss", "square", "size", "gradient_norm"}
    assert numbers["loss"] == pytest.approx(numbers["square"] + numbers["size"])


def test_batches_that_are_accumulated_equal_one_large_batch():
    """Also where the last one is smaller, as at the end of an epoch."""
    parts, whole = _loop(), _loop()
    one, other = parts.task.batch(0), parts.task.batch(1)
    other = MadeBatch(number=1, given=other.given[:2], wanted=other.wanted[:2])
    both = MadeBatch(number=0, given=torch.cat([one.given, other.given]), wanted=torch.cat([one.wanted, other.wanted]))
    in_parts, at_once = parts.advance([one, other]), whole.advance([both])
    assert in_parts == pytest.approx(at_once, rel=1e-5)
    torch.testing.assert_close(_weights(parts), _weights(whole), rtol=1e-5, atol=1e-7)
    assert (parts.steps, parts.batches_drawn) == (1, 2)


def test_the_batches_of_one_step_draw_other_random_numbers():
    """With dropout, the same batch twice in a step does not give what it gives once."""
    once, twice = (_loop(MadeSamples(noise=0.5)) for _ in range(2))
    batch = once.task.batch(0)
    assert once.advance([batch])["square"] != twice.advance([batch, batch])["square"]


def test_gradients_are_clipped():
    loose, tight = (_loop(gradient_norm=norm, weight_decay=0.0) for norm in (1e9, 1e-12))
    before = _weights(tight)
    loose.advance([loose.task.batch(0)])
    tight.advance([tight.task.batch(0)])
    assert (_weights(tight) - before).abs().max() < 0.1 * (_weights(loose) - before).abs().max()


def test_a_loss_that_is_not_finite_stops_the_run():
    loop = _loop()
    batch = loop.task.batch(0)
    batch.given[0, 0] = math.nan
    with pytest.raises(TalkshardError, match="not finite any more"):
        loop.advance([batch])


def test_the_rate_warms_up_and_cools_down():
    settings = LoopSettings(learning_rate=1.0, warm_up=10, steps=110)
    rates = [learning_rate(step, settings) for step in range(111)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == rates[10] == 1.0 and rates[60] == pytest.approx(0.51)
    assert rates[110] == pytest.approx(0.02)


def test_averaged_weights_soon_forget_the_untrained_ones():
    loop = _loop(averaging=0.999)
    untrained = _weights(loop)
    for number in range(30):
        loop.advance([loop.task.batch(number)])
    averaged = torch.cat([value.flatten() for value in loop.averaged.parameters()])
    assert (averaged - _weights(loop)).norm() < 0.5 * (untrained - _weights(loop)).norm()


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"accumulate": 0}, {"averaging": 1.0}, {"patience": -1}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=f"loop.{next(iter(wrong))}"):
        LoopSettings(**wrong)
