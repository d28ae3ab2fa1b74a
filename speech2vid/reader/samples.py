"""Batches of samples for training, by epoch or without end; the same on any number of workers.

A batch is a function of the dataset, the settings, the seed, the rank, the epoch and its number in the epoch. So any
batch can be made without those before it, and a checkpoint holds the last two alone.
"""

import collections
import hashlib
import itertools
import math
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import pyarrow as pa
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from schemas.errors import IntegrityError, TalkshardError, UsageError
from schemas.stored.clip import open_clip
from schemas.stored.clip_index import StoredClip, StoredClips, find_clips
from speech2vid.reader.array_cache import ArrayCache
from speech2vid.reader.audio_features import ClipAudioFeatures
from speech2vid.reader.drawn_sample import DrawnSamples, SampleSettings, decode_sample, draw_frames
from speech2vid.reader.epoch_order import batch_positions, clip_order, count_batches, person_weights
from speech2vid.reader.sample_batch import Batch, sample_tensors

__all__ = ["SampleLoader", "SampleSettings", "SampleStream"]

_MAX_BAD_IN_A_ROW = 16  # clips that cannot be read, before the stream gives up


class SampleStream(IterableDataset):
    """Batches of one rank, to the end of the epoch or without end; `load_state_dict` resumes it.

    Every rank gives `num_batches` batches an epoch, however the clips are spread over the shards. A clip that cannot be
    read is replaced by the next one in the epoch's order, and `skipped` names it.
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
        cache: ArrayCache | None = None,
    ):
        """Find the clips. where: a DuckDB condition on the clips table; cache: of slow audio features.

        UsageError, IntegrityError: see find_clips.
        """
        if batch_size < 1 or not 0 <= rank < world_size:
            raise UsageError(f"no batches for rank {rank} of {world_size} with batch size {batch_size}")
        self.settings = settings or SampleSettings()
        self.skipped: collections.Counter[str] = collections.Counter()
        """How often each clip was skipped, by a line that names it and says why."""
        self._clips = find_clips(dataset, split, where)
        self._clips_sha256 = _sha256(self._clips.places)
        self._shard_of = self._clips.places["shard"].combine_chunks().dictionary_encode().indices.to_numpy()
        self._weights = person_weights(self._clips.speaker_column.indices.to_numpy(), self.settings.balance)
        self._num_frames = self._clips.places["num_frames"].to_numpy()
        self._batch_size, self._seed, self._rank, self._world_size = batch_size, seed, rank, world_size
        self._clip_features = ClipAudioFeatures(self.settings.features, cache)
        self._endless, self._given, self._order = endless, 0, (-1, np.empty(0, np.int64))
        self.image_px = self._common_image_px(dataset)

    @property
    def clips(self) -> StoredClips:
        """The clips of an epoch."""
        return self._clips

    @property
    def num_clips(self) -> int:
        """Clips in an epoch, on all ranks together."""
        return len(self._clips)

    @property
    def num_batches(self) -> int:
        """Batches in an epoch, on each rank."""
        return count_batches(self.num_clips, self._batch_size, self._world_size)

    def state_dict(self) -> dict:
        """The stream's position and settings, as plain values for JSON; the same on all ranks."""
        epoch, batches = divmod(self._given, self.num_batches)
        return {"epoch": epoch, "batches": batches, **self._identity()}

    def load_state_dict(self, state: dict) -> None:
        """Resume at a saved position. UsageError: it was saved with another dataset or other settings."""
        for name, value in self._identity().items():
            if state.get(name) != value:
                raise UsageError(
                    f"cannot resume: the saved position has {name} {state.get(name)}, this stream has {value}"
                )
        self._given = state["epoch"] * self.num_batches + state["batches"]

    def skip_to(self, batches: int) -> None:
        """Go on as if so many batches had been given, counted over all epochs."""
        self._given = batches

    def __iter__(self) -> Iterator[Batch]:
        """Batches in order; in a DataLoader, worker W of N gives every N-th of them."""
        worker = get_worker_info()
        number, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        end = math.inf if self._endless else (self._given // self.num_batches + 1) * self.num_batches
        for given in itertools.count(self._given + number, workers):
            if given >= end:
                return
            batch = self.batch(*divmod(given, self.num_batches))
            if worker is None:
                self.note_given(batch)
            yield batch

    def note_given(self, batch: Batch) -> None:
        """Note that a batch was given; SampleLoader does so, since the workers have copies of the stream."""
        self._given = batch["epoch"] * self.num_batches + batch["batch"] + 1
        self.skipped.update(batch["skipped"])

    def batch(self, epoch: int, batch: int) -> Batch:
        """Any batch of any epoch, independent of the stream's position."""
        positions = batch_positions(self.num_clips, self._batch_size, self._rank, self._world_size, batch)
        numbers = self._clip_order(epoch)[positions]
        samples = DrawnSamples.empty(len(positions), self.image_px, self.settings)
        keys: list[str] = []
        skipped: list[str] = []
        # Draw all frames before the first face is decoded: code that is still in the processor's cache is much faster.
        drawn = [self._draw(epoch, *place) for place in zip(positions.tolist(), numbers.tolist(), strict=True)]
        for slot, clip in enumerate(self._clips.read(numbers)):
            key, bad = self._decode(epoch, int(positions[slot]), clip, drawn[slot], samples, slot)
            keys.append(key)
            skipped += bad
        return {**sample_tensors(samples), "key": keys, "skipped": skipped, "epoch": epoch, "batch": batch}

    def _draw(self, epoch: int, position: int, number: int) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng([self._seed, epoch, position])
        return draw_frames(int(self._num_frames[number]), self.settings, random)

    def _decode(
        self,
        epoch: int,
        position: int,
        clip: StoredClip,
        frames: tuple[np.ndarray, np.ndarray],
        samples: DrawnSamples,
        slot: int,
    ) -> tuple[str, list[str]]:
        """Decode the clip, or the next one that can be read; gives its key, and a line for each clip skipped."""
        bad: list[str] = []
        while len(bad) < _MAX_BAD_IN_A_ROW:
            try:
                decode_sample(open_clip(clip), frames, self.settings, self._clip_features, samples, slot)
                return clip.key, bad
            except IntegrityError as error:
                bad.append(str(error))
            following = int(self._clip_order(epoch)[(position + len(bad)) % self.num_clips])
            clip, frames = next(self._clips.read([following])), self._draw(epoch, position, following)
        raise IntegrityError(f"{len(bad)} clips in a row cannot be read; the last: {bad[-1]}")

    def _clip_order(self, epoch: int) -> np.ndarray:
        if self._order[0] != epoch:
            self._order = epoch, self._new_order(epoch)
        return self._order[1]

    def _new_order(self, epoch: int) -> np.ndarray:
        return clip_order(self._shard_of, self.settings.shuffle_clips, self._seed, epoch, self._weights)

    def _identity(self) -> dict:
        """Everything that must be equal for two streams to give the same batches."""
        return {
            "seed": self._seed,
            "batch_size": self._batch_size,
            "world_size": self._world_size,
            **asdict(self.settings),
            "clips_sha256": self._clips_sha256,
        }

    def _common_image_px(self, dataset: str) -> int:
        sides = self._clips.places["image_px"].unique().to_pylist()
        if len(sides) > 1:
            raise UsageError(
                f"{dataset} holds faces of {' and '.join(map(str, sorted(sides)))} px: choose one size by "
                'where="image_px = ..."'
            )
        return sides[0]


class SampleLoader:
    """A stream's batches, prepared by worker processes (0: none); its state follows the batches that were given."""

    def __init__(self, stream: SampleStream, num_workers: int = 0, pin_memory: bool = False) -> None:
        """pin_memory: see torch's DataLoader."""
        self.stream = stream
        self._loader = DataLoader(stream, batch_size=None, num_workers=num_workers, pin_memory=pin_memory)

    def __len__(self) -> int:
        """Batches in an epoch."""
        return self.stream.num_batches

    def __iter__(self) -> Iterator[Batch]:
        """Batches from the stream's position. TalkshardError: a worker's error, with its own message alone."""
        try:
            for batch in self._loader:
                if self._loader.num_workers:
                    self.stream.note_given(batch)
                yield batch
            return
        except TalkshardError as error:
            failure = type(error)(_last_line(error))
            error.__traceback__ = None  # it refers to the workers, in a cycle: they would live until garbage collection
        raise failure

    def state_dict(self) -> dict:
        """The stream's position and settings."""
        return self.stream.state_dict()

    def load_state_dict(self, state: dict) -> None:
        """Resume the stream at a saved position; UsageError as there."""
        self.stream.load_state_dict(state)


def _last_line(error: TalkshardError) -> str:
    """The error's own message: that of a worker's error holds a whole traceback."""
    return str(error).strip().splitlines()[-1].removeprefix(f"{type(error).__module__}.{type(error).__name__}: ")


def _sha256(places: pa.Table) -> str:
    digest = hashlib.sha256()
    for key, shard in zip(places["key"].to_pylist(), places["shard"].to_pylist(), strict=True):
        digest.update(f"{shard}/{key}\n".encode())
    return digest.hexdigest()
