"""What is learnt before the generator: lip shapes and the network that reads them, what sounds say, deblurring.

All from one pool of targets, held in memory; a minute or three. Shapes: R rows of the pool (clips), K targets of each,
L numbers of lips, P lip shapes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from schemas.errors import UsageError
from speech2vid.generator.deblurring import Deblurring, blurred
from speech2vid.generator.lip_network import LipNetwork, LipShapes, mouths
from speech2vid.generator_training.augment_audio import augment_audio
from speech2vid.generator_training.batches import GeneratorBatch
from speech2vid.reader.audio_features import AudioFeatures

_LEARNING_RATE = 1e-3
_HELD_EACH = 10  # every so many-th clip is held back, for the numbers that are said
_MAX_JITTER_PX = 2
_ABSOLUTE_WEIGHT = 0.2  # of lip shape itself, beside its change within a clip
_STILLS_OF_A_STEP, _PIECE_PX = 16, 48  # a blur is the same everywhere: pieces of many stills teach more
_MAX_STILLS = 3000
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Targets of the first batches."""

    audio: Tensor  # float32 (R, K, 1, C, W), of MFCC 12 and 35
    lips: Tensor  # float32 (R, K, L)
    mouths: Tensor  # uint8 (R, K, 3, 48, 56)
    stills: Tensor  # uint8 (M, 3, 112, 112), one a clip
    clips: Tensor  # int64 (R,), a number for each clip's key

    def __len__(self) -> int:
        return len(self.audio)


def gather_pretraining_samples(batches: Iterable[GeneratorBatch]) -> Pool:
    """All that the batches hold."""
    found: dict[str, list[Tensor]] = {name: [] for name in Pool.__slots__}
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
    return Pool(**{name: torch.cat(values) for name, values in found.items()})


def train_lip_network(pool: Pool, shapes: LipShapes, steps: int, rows: int, say: Say) -> LipNetwork:
    """A network that reads lip shapes, frozen."""
    network = LipNetwork(shapes.components_LP.shape[1]).to(pool.audio.device)
    learnt, held = _parted(pool)
    images, wanted = pool.mouths.flatten(0, 1), shapes(pool.lips).flatten(0, 1)

    def loss(index: Tensor) -> Tensor:
        seen = _other_light(_moved(images[index].float() / 255))
        return F.smooth_l1_loss(network.read(seen)[0], wanted[index])

    _learn(network, loss, _targets_of(learnt, pool), steps, rows)
    network.requires_grad_(False).eval()
    if len(held):
        index = _targets_of(held, pool)
        found = torch.cat([network.read(images[part].float() / 255)[0] for part in index.split(512)])
        say(
            f"lip network: correlation {_correlation(found[:, 0], wanted[index, 0]):.2f} with the first lip shape, of "
            "clips it did not learn from"
        )
    return network


def train_audio(
    encoder: nn.Module,
    kind: AudioFeatures,
    pool: Pool,
    shapes: LipShapes,
    steps: int,
    rows: int,
    say: Say,
    change: bool,
) -> None:
    """Sound first: the audio encoder predicts how the lips of a clip move."""
    head = nn.Linear(encoder.num_channels, shapes.components_LP.shape[1]).to(pool.audio.device)
    learner = nn.Sequential(encoder, nn.Flatten(), nn.Dropout(0.2 if change else 0.0), head)
    wanted_RKP, num_targets = shapes(pool.lips), pool.audio.shape[1]
    learnt, held = _parted(pool)

    def predicted(index: Tensor, changed: bool) -> Tensor:
        audio = pool.audio[index].flatten(0, 1)
        return learner(augment_audio(audio, kind) if changed else audio).unflatten(0, (-1, num_targets))

    def loss(index: Tensor) -> Tensor:
        found, wanted = predicted(index, change), wanted_RKP[index]
        if num_targets == 1:
            return F.smooth_l1_loss(found, wanted)
        return F.smooth_l1_loss(_change(found), _change(wanted)) + _ABSOLUTE_WEIGHT * F.smooth_l1_loss(found, wanted)

    _learn(learner, loss, learnt, steps, max(2, rows // num_targets))
    if len(held) and num_targets > 1:
        learner.eval()
        with torch.no_grad():
            found = torch.cat([_change(predicted(part, False)) for part in held.split(64)])
        r = _correlation(found[..., 0].flatten(), _change(wanted_RKP[held])[..., 0].flatten())
        say(f"sound first: correlation {r:.2f} with the first lip shape's change, of clips it did not learn from")


def train_deblurring(pool: Pool, width: int, steps: int) -> Deblurring:
    """Undoes an artificial blur on stills."""
    network = Deblurring(width).to(pool.audio.device)

    def loss(index: Tensor) -> Tensor:
        top, left = (int(start) for start in torch.randint(pool.stills.shape[-1] - _PIECE_PX + 1, (2,)))
        sharp = pool.stills[index, :, top : top + _PIECE_PX, left : left + _PIECE_PX].float() / 255
        return F.mse_loss(network(blurred(sharp)), sharp)  # L1 would do nothing: most pixels are smooth

    _learn(network, loss, torch.arange(len(pool.stills), device=pool.stills.device), steps, _STILLS_OF_A_STEP)
    return network.requires_grad_(False).eval()


def _learn(network: nn.Module, loss: Callable[[Tensor], Tensor], among: Tensor, steps: int, rows: int) -> None:
    """Adam with one cycle, on rows drawn among these."""
    optimizer = torch.optim.Adam(network.train().parameters(), lr=_LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, total_steps=max(steps, 2), pct_start=0.1)
    for _ in range(steps):
        value = loss(among[torch.randint(len(among), (min(rows, len(among)),), device=among.device)])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()


def _parted(pool: Pool) -> tuple[Tensor, Tensor]:
    """Rows to learn from, and those of other clips, which are held back; of few clips none."""
    is_held = pool.clips % _HELD_EACH == 0
    if len(pool.clips[~is_held].unique()) < _HELD_EACH:
        is_held = torch.zeros_like(is_held)
    return torch.nonzero(~is_held)[:, 0], torch.nonzero(is_held)[:, 0]


def _targets_of(rows: Tensor, pool: Pool) -> Tensor:
    num_targets = pool.audio.shape[1]
    return (rows[:, None] * num_targets + torch.arange(num_targets, device=rows.device)).flatten()


def _change(x_RKP: Tensor) -> Tensor:
    return x_RKP - x_RKP.mean(1, keepdim=True)


def _moved(images_B3HW: Tensor) -> Tensor:
    """All a little aside: a generated mouth is not at its place to the pixel."""
    across, down = (int(value) for value in torch.randint(-_MAX_JITTER_PX, _MAX_JITTER_PX + 1, (2,)))
    return images_B3HW.roll((down, across), (2, 3))


def _other_light(images_B3HW: Tensor) -> Tensor:
    gain = torch.empty(len(images_B3HW), 3, 1, 1, device=images_B3HW.device).uniform_(0.8, 1.25)
    blurry = F.avg_pool2d(images_B3HW, 3, 1, 1, count_include_pad=False)  # as generated mouths are
    share = torch.rand(len(images_B3HW), 1, 1, 1, device=images_B3HW.device)
    return (images_B3HW + share * (blurry - images_B3HW)) * gain


def _as_bytes(images: Tensor) -> Tensor:
    return (images * 255).round().to(torch.uint8)


def _correlation(found: Tensor, wanted: Tensor) -> float:
    return float(np.corrcoef(found.detach().cpu().numpy(), wanted.detach().cpu().numpy())[0, 1])
