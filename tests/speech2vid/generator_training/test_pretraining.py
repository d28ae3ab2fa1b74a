import dataclasses

import pytest
import torch

from speech2vid.generator.deblurring import blurred
from speech2vid.generator.lip_network import LipShapes
from speech2vid.generator.encoders import MfccEncoder, SpeechFeatureEncoder
from speech2vid.generator_training.pretraining import (
    gather_pretraining_samples,
    train_audio,
    train_deblurring,
    train_lip_network,
)
from speech2vid.reader.audio_features import MFCC, SPEECH
from tests.speech2vid.talking_images import made_batch


def _pool(num_batches=10, kind=MFCC):
    return gather_pretraining_samples(made_batch(4, 4, seed=seed, kind=kind) for seed in range(num_batches))


def _number(line: str) -> float:
    return float(line.split("correlation ")[1].split()[0])


def test_a_pool_holds_all_targets_and_one_still_a_clip():
    pool = _pool(3)
    assert pool.audio.shape == (12, 4, 1, 12, 35) and pool.mouths.shape == (12, 4, 3, 48, 56)
    assert pool.stills.shape == (12, 3, 112, 112) and pool.stills.dtype == torch.uint8


def test_the_lip_network_learns_how_open_a_mouth_is_and_is_frozen():
    torch.manual_seed(0)
    pool, said = _pool(), []
    network = train_lip_network(pool, LipShapes.fitted(pool.lips), 60, 32, said.append)
    assert _number(said[0]) > 0.9 and not any(value.requires_grad for value in network.parameters())


def test_numbers_are_of_clips_that_nothing_was_learnt_from():
    """Of few clips none is held back, and nothing is said."""
    pool, said = _pool(2), []
    train_lip_network(pool, LipShapes.fitted(pool.lips), 1, 8, said.append)
    assert said == []


@pytest.mark.parametrize(("encoder", "kind"), [(MfccEncoder, MFCC), (SpeechFeatureEncoder, SPEECH)])
def test_the_audio_encoder_learns_what_sounds_say(encoder, kind):
    torch.manual_seed(0)
    pool, said = _pool(kind=kind), []
    train_audio(encoder(0.05), kind, pool, LipShapes.fitted(pool.lips), 60, 32, said.append, change=False)
    assert _number(said[0]) > 0.8


def test_deblurring_undoes_some_of_the_blur():
    torch.manual_seed(0)
    noise = (255 * torch.rand(24, 3, 14, 14)).to(torch.uint8)
    pool = dataclasses.replace(_pool(2), stills=noise.repeat_interleave(8, 2).repeat_interleave(8, 3))
    network = train_deblurring(pool, 8, 100)
    sharp = pool.stills.float() / 255
    soft = blurred(sharp)
    error, before = ((found - sharp).square().mean() for found in (network(soft), soft))
    assert error < 0.9 * before
