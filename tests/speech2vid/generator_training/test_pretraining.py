import dataclasses

import pytest
import torch

from speech2vid.generator.deblurring import Deblurring, blurred
from speech2vid.generator.encoders import MfccEncoder, SpeechFeatureEncoder
from speech2vid.generator.lip_network import LipNetwork, LipShapes
from speech2vid.generator_training.pretraining import (
    gather_pretraining_samples,
    train_audio_encoder,
    train_deblurring,
    train_lip_network,
)
from speech2vid.reader.audio_features import MFCC, SPEECH
from tests.speech2vid.talking_images import made_batch


def _samples(num_batches=10, kind=MFCC):
    return gather_pretraining_samples(made_batch(4, 4, seed=seed, kind=kind) for seed in range(num_batches))


def _number(line: str) -> float:
    return float(line.split("correlation ")[1].split()[0])


def test_samples_hold_all_targets_and_one_still_of_each_clip():
    samples = _samples(3)
    assert samples.audio.shape == (12, 4, 1, 12, 35) and samples.mouths.shape == (12, 4, 3, 48, 56)
    assert samples.stills.shape == (12, 3, 112, 112) and samples.stills.dtype == torch.uint8


def test_the_lip_network_learns_how_open_a_mouth_is():
    torch.manual_seed(0)
    samples, said = _samples(), []
    train_lip_network(LipNetwork(2), samples, LipShapes.fitted(samples.lips), 60, 32, said.append)
    assert _number(said[0]) > 0.9


def test_correlations_are_reported_on_held_out_clips_only():
    """Of few clips none is held out, and nothing is reported."""
    samples, said = _samples(2), []
    train_lip_network(LipNetwork(2), samples, LipShapes.fitted(samples.lips), 1, 8, said.append)
    assert said == []


@pytest.mark.parametrize(("encoder", "kind"), [(MfccEncoder, MFCC), (SpeechFeatureEncoder, SPEECH)])
def test_the_audio_encoder_learns_to_predict_lip_movement(encoder, kind):
    torch.manual_seed(0)
    samples, said = _samples(kind=kind), []
    train_audio_encoder(
        encoder(0.05), kind, samples, LipShapes.fitted(samples.lips), 60, 32, said.append, augment=False
    )
    assert _number(said[0]) > 0.8


def test_deblurring_undoes_some_of_the_blur():
    torch.manual_seed(0)
    noise = (255 * torch.rand(24, 3, 14, 14)).to(torch.uint8)
    samples = dataclasses.replace(_samples(2), stills=noise.repeat_interleave(8, 2).repeat_interleave(8, 3))
    network = Deblurring(8)
    train_deblurring(network, samples, 100)
    sharp = samples.stills.float() / 255
    soft = blurred(sharp)
    error, before = ((found - sharp).square().mean() for found in (network(soft), soft))
    assert error < 0.9 * before
