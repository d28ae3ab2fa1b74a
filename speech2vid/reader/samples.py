"""Endless or epoch-wise batches of samples for training: the same on any number of workers, any batch found at once.

A batch is a function of the dataset, the settings, the seed, the rank and two numbers, epoch and batch; these two are
all there is to save.
"""

import collections
import hashlib
import itertools
import math
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from schemas.errors import IntegrityError, TalkshardError, UsageError
from schemas.stored.clip import open_clip
from schemas.stored.clip_index import StoredClip, StoredClips, find_clips
from speech2vid.reader.audio_features import ClipAudioFeatures
from speech2vid.reader.drawn_sample import DrawnSamples, SampleSettings, decode_sample, draw_moments, lip_numbers
from speech2vid.reader.epoch_order import batch_positions, clip_order, count_batches

__all__ = ["SampleLoader", "SampleSettings", "SampleStream"]

_MAX_BAD_TOGETHER = 16
Batch = dict[str, torch.Tensor | list[str] | int]
"""sound float32 (B, K, 1, C, W), of MFCC (B, K, 1, 12, 35); target and identity, RGB uint8 (B, K or N, S, S, 3);
target_mesh float32 (B, K, 121): lip_numbers; frame and identity_frame int64 (B, K or N); key: B keys; skipped: why clips
were replaced; epoch; batch.
"""


class SampleStream(IterableDataset):
    """Batches of one rank, from where `load_state_dict` put it: to the end of the epoch, or without end.

    Every rank gives `num_batches` an epoch, whatever lies in which shard. A clip that cannot be read is replaced by the
    next one in the epoch's order, and named in `skipped`.
    """

    def __init__(
        self,
        dataset: str,
        split: str = "train",
        settings: SampleSettings | None = None,
        batch_size: int = 8,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        where: str | None = None,
        endless: bool = False,
    ):
        """where: a DuckDB condition on the clips table. UsageError, IntegrityError: see find_clips."""
        if batch_size < 1 or not 0 <= rank < world_size:
            raise UsageError(f"no batches for rank {rank} of {world_size} with batch size {batch_size}")
        self.settings = settings or SampleSettings()
        self.skipped: collections.Counter[str] = collections.Counter()
        """How often which clip was skipped, in words that name it and say why."""
        self._clips = find_clips(dataset, split, where)
        self._clips_sha256 = _sha256(self._clips.places)
        self._shard_of = self._clips.places["shard"].combine_chunks().dictionary_encode().indices.to_numpy()
        self._num_frames = self._clips.places["num_frames"].to_numpy()
        self._batch_size, self._seed, self._rank, self._world_size = batch_size, seed, rank, world_size
        self._listener = ClipAudioFeatures(self.settings.features)
        self._endless, self._given, self._order = endless, 0, (-1, np.empty(0, np.int64))
        self.image_px = self._only_image_px(dataset)

    @property
    def clips(self) -> StoredClips:
        """What an epoch is made of."""
        return self._clips

    @property
    def num_clips(self) -> int:
        """Clips an epoch, of all ranks."""
        return len(self._clips)

    @property
    def num_batches(self) -> int:
        """Batches an epoch, of each rank."""
        return count_batches(self.num_clips, self._batch_size, self._world_size)

    def state_dict(self) -> dict:
        """Where the stream stands, plain values for JSON; the same on all ranks."""
        epoch, batches = divmod(self._given, self.num_batches)
        return {"epoch": epoch, "batches": batches, **self._identity()}

    def load_state_dict(self, state: dict) -> None:
        """Go on as the stream would have that gave this state. UsageError: it was of another dataset or setting."""
        for name, value in self._identity().items():
            if state.get(name) != value:
                raise UsageError(
                    f"the saved place is of {name} {state.get(name)}, not {value}: it cannot be gone on from"
                )
        self._given = state["epoch"] * self.num_batches + state["batches"]

    def __iter__(self) -> Iterator[Batch]:
        """Batches in order; a worker of a DataLoader gives each so many-th of them."""
        worker = get_worker_info()
        number, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        end = math.inf if self._endless else (self._given // self.num_batches + 1) * self.num_batches
        for given in itertools.count(self._given + number, workers):
            if given >= end:
                return
            batch = self.batch(*divmod(given, self.num_batches))
            if worker is None:
                self.gave(batch)
            yield batch

    def gave(self, batch: Batch) -> None:
        """Note that a batch was given, as SampleLoader does: workers' copies of the stream cannot tell it themselves."""
        self._given = batch["epoch"] * self.num_batches + batch["batch"] + 1
        self.skipped.update(batch["skipped"])

    def batch(self, epoch: int, batch: int) -> Batch:
        """Any batch, wherever the stream stands."""
        positions = batch_positions(self.num_clips, self._batch_size, self._rank, self._world_size, batch)
        numbers = self._clip_order(epoch)[positions]
        samples, keys, skipped = DrawnSamples.empty(len(positions), self.image_px, self.settings), [], []
        # All are drawn before the first face is decoded: code that the processor's cache still holds is much faster.
        drawn = [self._moments(epoch, *place) for place in zip(positions.tolist(), numbers.tolist(), strict=True)]
        for slot, clip in enumerate(self._clips.read(numbers)):
            key, bad = self._decode(epoch, int(positions[slot]), clip, drawn[slot], samples, slot)
            keys.append(key)
            skipped += bad
        return {**_tensors(samples), "key": keys, "skipped": skipped, "epoch": epoch, "batch": batch}

    def _moments(self, epoch: int, position: int, number: int) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng([self._seed, epoch, position])
        return draw_moments(int(self._num_frames[number]), self.settings, random)

    def _decode(
        self,
        epoch: int,
        position: int,
        clip: StoredClip,
        moments: tuple[np.ndarray, np.ndarray],
        into: DrawnSamples,
        slot: int,
    ) -> tuple[str, list[str]]:
        """A sample of the clip, or of the next one that can be read; its key, and what was wrong with those before."""
        bad = []
        while len(bad) < _MAX_BAD_TOGETHER:
            try:
                decode_sample(open_clip(clip), moments, self.settings, self._listener, into, slot)
                return clip.key, bad
            except IntegrityError as error:
                bad.append(str(error))
            following = int(self._clip_order(epoch)[(position + len(bad)) % self.num_clips])
            clip, moments = next(self._clips.read([following])), self._moments(epoch, position, following)
        raise IntegrityError(f"{len(bad)} clips one after another cannot be read; the last: {bad[-1]}")

    def _clip_order(self, epoch: int) -> np.ndarray:
        if self._order[0] != epoch:
            self._order = epoch, clip_order(self._shard_of, self.settings.shuffle_clips, self._seed, epoch)
        return self._order[1]

    def _identity(self) -> dict:
        """What two streams must share to give the same batches."""
        return {
            "seed": self._seed,
            "batch_size": self._batch_size,
            "world_size": self._world_size,
            **asdict(self.settings),
            "clips_sha256": self._clips_sha256,
        }

    def _only_image_px(self, dataset: str) -> int:
        sides = self._clips.places["image_px"].unique().to_pylist()
        if len(sides) > 1:
            raise UsageError(
                f"{dataset} holds faces of {' and '.join(map(str, sorted(sides)))} px: choose one size by "
                'where="image_px = ..."'
            )
        return sides[0]


class SampleLoader:
    """A stream's batches, made ahead by so many worker processes (0: none); the stream's state follows what was given."""

    def __init__(self, stream: SampleStream, num_workers: int = 0, pin_memory: bool = False):
        self.stream = stream
        self._loader = DataLoader(stream, batch_size=None, num_workers=num_workers, pin_memory=pin_memory)

    def __len__(self) -> int:
        """Batches an epoch."""
        return self.stream.num_batches

    def __iter__(self) -> Iterator[Batch]:
        try:
            for batch in self._loader:
                if self._loader.num_workers:
                    self.stream.gave(batch)
                yield batch
            return
        except TalkshardError as error:
            failure = type(error)(_last_line(error))
            error.__traceback__ = None  # it holds the workers, in a cycle: they would wait for the garbage collector
        raise failure

    def state_dict(self) -> dict:
        """The stream's."""
        return self.stream.state_dict()

    def load_state_dict(self, state: dict) -> None:
        """The stream's."""
        self.stream.load_state_dict(state)


def _tensors(samples: DrawnSamples) -> dict[str, torch.Tensor]:
    """A batch's tensors; the lip numbers are made of all meshes at once, where they are cheap."""
    lips = lip_numbers(samples.mesh.reshape(-1, *samples.mesh.shape[2:]))
    arrays = {name: getattr(samples, name) for name in ("audio", "target", "identity", "frame", "identity_frame")}
    arrays["target_mesh"] = lips.reshape(*samples.mesh.shape[:2], -1)
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _last_line(error: TalkshardError) -> str:
    """The error's own words: a worker's error comes with a whole traceback as its message."""
    return str(error).strip().splitlines()[-1].removeprefix(f"{type(error).__module__}.{type(error).__name__}: ")


def _sha256(places: pa.Table) -> str:
    digest = hashlib.sha256()
    for key, shard in zip(places["key"].to_pylist(), places["shard"].to_pylist(), strict=True):
        digest.update(f"{shard}/{key}\n".encode())
    return digest.hexdigest()
