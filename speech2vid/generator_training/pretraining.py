"""Pretraining: the lip network, the audio encoder and deblurring learn from the targets of the first batches.

The targets are held in memory; it takes one to three minutes. Shapes: R rows (clips), K targets of each, C channels and
W columns of audio features, L coordinates of a target's lip points, P lip shapes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from schemas.errors import UsageError
from speech2vid.generator.deblurring import Deblurring, blurred
from speech2vid.generator.encoders import MfccEncoder, SpeechFeatureEncoder
from speech2vid.generator.lip_network import LipNetwork, LipShapes, mouths
from speech2vid.generator_training.augment_audio import augment_audio
from speech2vid.generator_training.batches import GeneratorBatch
from speech2vid.reader.audio_features import AudioFeatures
from speech2vid.training.progress import Say

_LEARNING_RATE = 1e-3
_HELD_OUT_EVERY = 10  # one clip in so many is held out, for the correlations that are reported
_MAX_JITTER_PX = 2
_ABSOLUTE_WEIGHT = 0.2  # of lip shape itself, beside its deviation from the clip's mean
_AUDIO_DROPOUT = 0.2  # where audio is augmented
_DEBLURRING_ROWS, _DEBLURRING_PX = 16, 48  # a blur is the same everywhere: crops of many stills teach more
_MAX_STILLS = 3000
_EVALUATED_TARGETS, _EVALUATED_ROWS = 512, 64  # at once


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PretrainingSamples:
    """Targets of the first batches."""

    audio: Tensor  # float32 (R, K, 1, C, W); for MFCC C = 12 and W = 35
    lips: Tensor  # float32 (R, K, L)
    mouths: Tensor  # uint8 (R, K, 3, 48, 56)
    stills: Tensor  # uint8 (M, 3, P, P), one of each clip
    clips: Tensor  # int64 (R,), a number derived from each clip's key

    def __len__(self) -> int:
        """Rows."""
        return len(self.audio)

    @property
    def num_targets(self) -> int:
        """Targets of a row: K."""
        return self.audio.shape[1]

    def split_rows(self) -> tuple[Tensor, Tensor]:
        """Rows to train on, and rows of held-out clips; no clip is held out where there are few."""
        is_held_out = self.clips % _HELD_OUT_EVERY == 0
        if len(self.clips[~is_held_out].unique()) < _HELD_OUT_EVERY:
            is_held_out = torch.zeros_like(is_held_out)
        return torch.nonzero(~is_held_out)[:, 0], torch.nonzero(is_held_out)[:, 0]

    def targets_of(self, rows: Tensor) -> Tensor:
        """Numbers of the rows' targets, counted over all rows."""
        return (rows[:, None] * self.num_targets + torch.arange(self.num_targets, device=rows.device)).flatten()


def gather_pretraining_samples(batches: Iterable[GeneratorBatch]) -> PretrainingSamples:
    """Gather the targets of all batches; UsageError when there are none."""
    found: dict[str, list[Tensor]] = {name: [] for name in PretrainingSamples.__slots__}
    for batch in batches:
        rows = (-1, batch.num_targets)
        found["audio"].append(batch.audio.unflatten(0, rows))
        found["lips"].append(batch.lips.unflatten(0, rows))
        found["clips"].append(batch.clips)
        found["mouths"].append(_as_bytes(mouths(batch.targets)).unflatten(0, rows))
        if sum(map(len, found["stills"])) < _MAX_STILLS:
            found["stills"].append(_as_bytes(batch.stills[:, 0]))
    if not found["audio"]:
        raise UsageError("the dataset gives no samples of this split: clips of a second or more are needed")
    return PretrainingSamples(**{name: torch.cat(values) for name, values in found.items()})


def train_lip_network(
    network: LipNetwork, samples: PretrainingSamples, shapes: LipShapes, steps: int, rows: int, say: Say
) -> None:
    """Train a network to read lip shapes from mouths. rows: targets of a step."""
    trained_rows, held_out_rows = samples.split_rows()
    images, true_shapes = samples.mouths.flatten(0, 1), shapes(samples.lips).flatten(0, 1)

    def loss(index: Tensor) -> Tensor:
        augmented = _augment_light(_jittered(images[index].float() / 255))
        return F.smooth_l1_loss(network.read(augmented)[0], true_shapes[index])

    _train(network, loss, samples.targets_of(trained_rows), steps, rows)
    network.eval()
    if len(held_out_rows):
        index = samples.targets_of(held_out_rows)
        with torch.no_grad():
            read = torch.cat([network.read(images[part].float() / 255)[0] for part in index.split(_EVALUATED_TARGETS)])
        r = _correlation(read[:, 0], true_shapes[index, 0])
        say(f"lip network: correlation {r:.2f} with the first lip shape on held-out clips")


def train_audio_encoder(
    encoder: MfccEncoder | SpeechFeatureEncoder,
    features: AudioFeatures,
    samples: PretrainingSamples,
    shapes: LipShapes,
    steps: int,
    rows: int,
    say: Say,
    augment: bool,
) -> None:
    """Train the audio encoder to predict how the lips of a clip move. rows: targets of a step."""
    head = nn.Linear(encoder.num_channels, shapes.components_LP.shape[1]).to(samples.audio.device)
    predictor = nn.Sequential(encoder, nn.Flatten(), nn.Dropout(_AUDIO_DROPOUT if augment else 0.0), head)
    true_RKP, num_targets = shapes(samples.lips), samples.num_targets
    trained_rows, held_out_rows = samples.split_rows()

    def predict(index: Tensor, augment: bool) -> Tensor:
        audio = samples.audio[index].flatten(0, 1)
        return predictor(augment_audio(audio, features) if augment else audio).unflatten(0, (-1, num_targets))

    def loss(index: Tensor) -> Tensor:
        predicted, true = predict(index, augment), true_RKP[index]
        if num_targets == 1:
            return F.smooth_l1_loss(predicted, true)
        moved = F.smooth_l1_loss(_deviation(predicted), _deviation(true))
        return moved + _ABSOLUTE_WEIGHT * F.smooth_l1_loss(predicted, true)

    _train(predictor, loss, trained_rows, steps, max(2, rows // num_targets))
    if len(held_out_rows) and num_targets > 1:
        predictor.eval()
        with torch.no_grad():
            parts = [_deviation(predict(part, False)) for part in held_out_rows.split(_EVALUATED_ROWS)]
        r = _correlation(torch.cat(parts)[..., 0].flatten(), _deviation(true_RKP[held_out_rows])[..., 0].flatten())
        say(f"audio encoder: correlation {r:.2f} with the movement of the first lip shape on held-out clips")


def train_deblurring(network: Deblurring, samples: PretrainingSamples, steps: int) -> None:
    """Train a network to undo an artificial blur of stills."""
    max_start = samples.stills.shape[-1] - _DEBLURRING_PX

    def loss(index: Tensor) -> Tensor:
        top, left = (int(start) for start in torch.randint(max_start + 1, (2,)))
        crops = samples.stills[index, :, top : top + _DEBLURRING_PX, left : left + _DEBLURRING_PX]
        sharp = crops.float() / 255
        return F.mse_loss(network(blurred(sharp)), sharp)  # L1 would change nothing: most pixels are smooth

    stills = torch.arange(len(samples.stills), device=samples.stills.device)
    _train(network, loss, stills, steps, _DEBLURRING_ROWS)
    network.eval()


def _train(network: nn.Module, loss: Callable[[Tensor], Tensor], among: Tensor, steps: int, rows: int) -> None:
    """Train by Adam with one cycle of the learning rate; each step draws `rows` numbers among the given ones."""
    optimizer = torch.optim.Adam(network.train().parameters(), lr=_LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, total_steps=max(steps, 2), pct_start=0.1)
    for _ in range(steps):
        value = loss(among[torch.randint(len(among), (min(rows, len(among)),), device=among.device)])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()


def _deviation(x_RKP: Tensor) -> Tensor:
    """Deviation of each target from its clip's mean."""
    return x_RKP - x_RKP.mean(1, keepdim=True)


def _jittered(images_B3HW: Tensor) -> Tensor:
    """All images moved alike by a few pixels: a generated mouth is not at its place to the pixel."""
    across, down = (int(value) for value in torch.randint(-_MAX_JITTER_PX, _MAX_JITTER_PX + 1, (2,)))
    return images_B3HW.roll((down, across), (2, 3))


def _augment_light(images_B3HW: Tensor) -> Tensor:
    """Images with other colour gains, some of them blurred as generated mouths are."""
    gain = torch.empty(len(images_B3HW), 3, 1, 1, device=images_B3HW.device).uniform_(0.8, 1.25)
    blurry = F.avg_pool2d(images_B3HW, 3, 1, 1, count_include_pad=False)
    share = torch.rand(len(images_B3HW), 1, 1, 1, device=images_B3HW.device)
    return (images_B3HW + share * (blurry - images_B3HW)) * gain


def _as_bytes(images: Tensor) -> Tensor:
    return (images * 255).round().to(torch.uint8)


def _correlation(one: Tensor, other: Tensor) -> float:
    return float(np.corrcoef(one.detach().cpu().numpy(), other.detach().cpu().numpy())[0, 1])
