"""Batches of samples: a function of the clips, the seed, the rank and the batch's number alone."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from schemas.errors import IntegrityError
from schemas.stored.clip import open_clip
from schemas.stored.clip_index import StoredClips
from speech2vid.painter_training.pairs import Pair, clip_weights, draw_pair
from speech2vid.painter_training.settings import PairSettings
from speech2vid.rendering.painter_input import LIPS, PART_PX

CROP_PX = 112  # of the part's side: the mouth with its surroundings, where the lower face is not repainted
_CROP_JITTER_PX = 8
_MAX_BAD_IN_A_ROW = 16  # clips that cannot be read
_REPAINT_SHARE = CROP_PX**2 / PART_PX**2  # of a batch's samples: they are larger, and cost as much in all


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PainterBatch:
    """Samples of one size, all of P x P or of CROP_PX x CROP_PX."""

    planes: Tensor  # float32 (B, 19, P, P), see speech2vid.rendering.painter_input
    target: Tensor  # float32 (B, 3, P, P), 0..1

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.planes)

    def to(self, device: torch.device) -> "PainterBatch":
        """The batch on a device."""
        return PainterBatch(planes=self.planes.to(device), target=self.target.to(device))


class PainterBatches(Dataset[tuple[Tensor, Tensor]]):
    """Planes and targets of any batch, by its number."""

    def __init__(self, clips: StoredClips, settings: PairSettings, seed: int, rank: int) -> None:
        """clips: to draw from; rank: of this process."""
        self._clips, self._settings, self._start = clips, settings, (seed, rank)
        self._weights = clip_weights(clips.speakers, settings.balance)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        """The batch of this number. IntegrityError: too many clips in a row cannot be read."""
        random = np.random.default_rng([*self._start, number])
        repaint = number % self._settings.repaint_every == self._settings.repaint_every - 1
        size = max(2, round(self._settings.batch * _REPAINT_SHARE)) if repaint else self._settings.batch
        pairs = [self._pair(repaint, random) for _ in range(size)]
        planes, targets = (np.stack([getattr(pair, name) for pair in pairs]) for name in ("planes", "target"))
        return torch.from_numpy(planes), torch.from_numpy(targets)

    def _pair(self, repaint: bool, random: np.random.Generator) -> Pair:
        for _ in range(_MAX_BAD_IN_A_ROW):
            clip = open_clip(next(self._clips.read([int(random.choice(len(self._weights), p=self._weights))])))
            try:
                pair = draw_pair(clip, self._settings, repaint, random)
            except IntegrityError as error:
                bad = error
                continue
            return pair if repaint else _mouth_of(pair, random)
        raise bad


def load_batches(batches: PainterBatches, first: int, num_workers: int) -> Iterator[PainterBatch]:
    """Batches from number `first` on, without end, prepared by worker processes (0: none)."""
    loader = DataLoader(batches, batch_size=None, sampler=itertools.count(first), num_workers=num_workers)
    return (PainterBatch(planes=planes, target=target) for planes, target in loader)


def augment(batch: PainterBatch, settings: PairSettings) -> PainterBatch:
    """Other light and skin, and half of the batches mirrored. Draws from torch's random numbers."""
    planes, target = batch.planes, batch.target
    if settings.mirror and torch.rand(()) < 0.5:
        planes, target = planes.flip(-1), target.flip(-1)
    gains = torch.empty(len(batch), 1, device=planes.device).uniform_(1 - settings.colour, 1 + settings.colour)
    tints = torch.empty(len(batch), 3, device=planes.device).uniform_(1 - settings.colour / 2, 1 + settings.colour / 2)
    gains_B311 = (gains * tints)[:, :, None, None]
    colours = planes[:, :12] * gains_B311.repeat(1, 4, 1, 1)
    planes = torch.cat([colours.clamp(0, 1), planes[:, 12:]], 1)
    return PainterBatch(planes=planes, target=(target * gains_B311).clamp(0, 1))


def _mouth_of(pair: Pair, random: np.random.Generator) -> Pair:
    """A crop around the lips."""
    rows, columns = np.nonzero(pair.planes[LIPS])
    middle = np.array([rows.mean(), columns.mean()]) if len(rows) else np.full(2, PART_PX / 2)
    corner = middle - CROP_PX / 2 + random.integers(-_CROP_JITTER_PX, _CROP_JITTER_PX + 1, 2)
    top, left = np.clip(corner, 0, PART_PX - CROP_PX).astype(int)
    crop = (slice(None), slice(top, top + CROP_PX), slice(left, left + CROP_PX))
    return Pair(planes=np.ascontiguousarray(pair.planes[crop]), target=np.ascontiguousarray(pair.target[crop]))
