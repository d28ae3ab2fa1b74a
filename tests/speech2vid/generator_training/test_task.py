import dataclasses

import pytest
import torch

from schemas.errors import TalkshardError
from speech2vid.generator_training.augment_faces import augment_faces
from speech2vid.generator_training.task import GeneratorTask
from speech2vid.generator_training.weights import load_generator, save_generator
from speech2vid.reader.ranks import Ranks
from speech2vid.training.loop import TrainingLoop
from speech2vid.training.options import TrainingOptions
from tests.speech2vid.talking_images import PAPER_LIKE, SMALLEST, changed, made_batch, write_talking_faces

ALONE = Ranks(rank=0, num_ranks=1, device=torch.device("cpu"))


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_talking_faces(tmp_path_factory.mktemp("talk") / "out")


def _loop(dataset: str, settings=SMALLEST) -> TrainingLoop:
    options = TrainingOptions(dataset=dataset, recipe="made", output="", threads=1, workers=0)
    loop = TrainingLoop(GeneratorTask(settings, options, ALONE), settings.loop, 0, ALONE)
    torch.manual_seed(0)
    loop.task.prepare(lambda line: None)
    loop.start()
    return loop


def test_every_loss_of_a_recipe_is_finite_and_weights_move(dataset):
    loop = _loop(dataset)
    before = [value.clone() for value in loop.task.network.parameters()]
    numbers = loop.advance([next(loop.task.batches(0))])
    assert set(numbers) == {"loss", "pixel", "difference", "lip_shape", "lip_features", "gradient_norm"}
    assert all(
        not torch.equal(a, b) for a, b in zip(before, loop.task.network.parameters(), strict=True) if b.ndim == 4
    )


def test_a_number_gives_the_same_batch_again(dataset):
    task = _loop(dataset).task
    first = [batch.audio for _, batch in zip(range(4), task.batches(0), strict=False)]
    again = [batch.audio for _, batch in zip(range(2), task.batches(2), strict=False)]
    assert all(torch.equal(a, b) for a, b in zip(first[2:], again, strict=True))


def test_a_dataset_of_any_size_is_learnt_from(dataset):
    """The stored faces are 112 px, the generator's are 256 px, and its stills too."""
    loop = _loop(dataset, changed(PAPER_LIKE, generator={"image_px": 256}))
    batch = next(loop.task.batches(0))
    assert batch.targets.shape[2:] == (256, 256) and batch.identity.shape[2:] == (256, 256)
    assert loop.task.network(batch.audio, batch.identity).shape == batch.targets.shape


def test_validation_measures_people_of_the_val_split(dataset):
    loop = _loop(dataset)
    with torch.no_grad():
        validation = loop.task.validate(loop.averaged, 0)
    names = {"opening r", "opening r of wrong audio", "opening deviation", "mouth MSE", "mouth MSE of the mean still"}
    assert {*validation.measures} == names | {"change with audio of 255"}
    assert validation.score < validation.measures["opening r"]
    assert validation.images["still, target, generated"].shape == (3, 2 * 130, 3 * 130)


def test_faces_that_do_not_change_with_the_audio_stop_the_run(dataset):
    loop = _loop(dataset, changed(PAPER_LIKE, validation={"min_change": 0.01, "min_change_after": 1}))
    with torch.no_grad():
        loop.averaged.audio.layers[-1][1].weight.zero_()
        loop.task.validate(loop.averaged, 0)  # not before its step
    with torch.no_grad(), pytest.raises(TalkshardError, match="do not change with the audio"):
        loop.task.validate(loop.averaged, 1)


def test_a_mouth_learns_to_follow_the_audio(dataset):
    settings = changed(
        SMALLEST,
        loop={"learning_rate": 3e-3, "warm_up": 5, "steps": 30, "averaging": 0.8},
        sampling={"augment_audio": False, "mirror": False, "colour": 0.0, "targets_per_clip": 4},
        pretraining={"num_batches": 6, "deblurring_width": 0},
    )
    loop = _loop(dataset, settings)
    for seed in range(30):
        loop.advance([made_batch(2, 4, seed=100 + seed, num_lips=121)])
    batch = made_batch(4, 4, seed=999)
    with torch.no_grad():
        generated = loop.averaged(batch.audio, batch.identity)
    darkness = [-faces[..., 70:90, 45:70].mean((1, 2, 3)) for faces in (generated, batch.targets)]
    deviations = [value.unflatten(0, (4, 4)) - value.unflatten(0, (4, 4)).mean(1, keepdim=True) for value in darkness]
    assert torch.corrcoef(torch.stack([value.flatten() for value in deviations]))[0, 1] > 0.6


def test_a_generator_is_loaded_from_its_file_and_another_width_is_refused(dataset, tmp_path):
    generator, batch = _loop(dataset, PAPER_LIKE).averaged, made_batch()
    save_generator(generator, tmp_path / "generator.safetensors")
    loaded = load_generator(tmp_path / "generator.safetensors")
    faces = (network(batch.audio, batch.identity) for network in (loaded, generator))
    torch.testing.assert_close(*faces, rtol=0, atol=1 / 255)
    with pytest.raises(TalkshardError, match=r"width 0\.05, not 0\.25"):
        load_generator(tmp_path / "generator.safetensors", dataclasses.replace(loaded.settings, width=0.25))


def test_mirrored_clips_are_mirrored_as_a_whole():
    torch.manual_seed(0)
    batch = made_batch(8, 2, num_lips=121)
    made = augment_faces(batch, 0.0, mirror=True)
    is_mirrored = [torch.equal(a, b.flip(-1)) for a, b in zip(made.identity, batch.identity, strict=True)]
    for row in range(16):
        expected = batch.targets[row].flip(-1) if is_mirrored[row // 2] else batch.targets[row]
        assert torch.equal(made.targets[row], expected)
        assert torch.equal(made.lips[row], batch.lips[row]) != is_mirrored[row // 2]
    assert 0 < sum(is_mirrored) < 8


def test_a_clip_has_one_light_and_another_clip_another():
    torch.manual_seed(0)
    batch = made_batch(4, 2, num_lips=121)
    dim = dataclasses.replace(batch, targets=batch.targets / 2, identity=batch.identity / 2)  # far from 1 and 255
    made = augment_faces(dim, 0.2, mirror=False)
    of_targets = (made.targets / dim.targets).unflatten(0, (4, 2)).amax((1, 3, 4))
    of_stills = (made.identity / dim.identity).unflatten(1, (2, 3)).amax((1, 3, 4))
    torch.testing.assert_close(of_targets, of_stills, rtol=1e-4, atol=1e-4)
    assert of_targets.std(0).min() > 0.01 and (of_targets - 1).abs().max() <= 0.32 + 1e-4
