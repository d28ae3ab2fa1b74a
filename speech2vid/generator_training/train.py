"""Training of a generator from a dataset: set up or resume a run, train, write the results."""

import dataclasses
import hashlib
import importlib.metadata
import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from schemas.stored.record import dataset_sha256
from speech2vid.generator.export import export_deblurring, export_generator
from speech2vid.generator_training.batches import GeneratorBatch, generator_batch
from speech2vid.generator_training.card import about_generator, making_details, repeating_command, training_data
from speech2vid.generator_training.checkpoint import resume_training, save_deblurring, save_generator, save_training
from speech2vid.generator_training.loop import GeneratorTraining
from speech2vid.generator_training.options import GeneratorTrainingOptions
from speech2vid.generator_training.recipes import GeneratorTrainingSettings, recipe
from speech2vid.generator_training.watch import GeneratorWatch
from speech2vid.reader.ranks import Ranks, open_ranks
from speech2vid.reader.samples import SampleLoader, SampleSettings, SampleStream
from speech2vid.training.card import data_section, making_section, write_card
from speech2vid.training.publish import published_last
from speech2vid.training.record import write_record
from speech2vid.training.run_folder import RunFolder
from transforms.media.models import model_sha256
from transforms.speakers.speech_encoder import MODEL

GENERATOR, WEIGHTS, DEBLURRING = "generator.onnx", "generator.safetensors", "deblurring.onnx"
_STATE = "training.safetensors"
Read = Callable[[SampleLoader], Iterable[Mapping[str, Any]]]
"""Gives the samples of a loader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run on one rank."""

    options: GeneratorTrainingOptions
    folder: RunFolder
    identity: dict[str, Any]
    training: GeneratorTraining
    loader: SampleLoader
    watch: GeneratorWatch

    @property
    def state(self) -> Path:
        """The checkpoint."""
        return self.folder.checkpoints / _STATE

    def save(self) -> None:
        """Write the checkpoint, on the first rank."""
        if self.training.ranks.is_first:
            save_training(self.training, self.loader.state_dict(), self.state)


def train_generator(
    options: GeneratorTrainingOptions, settings: GeneratorTrainingSettings | None = None, read: Read = iter
) -> None:
    """Train a generator, or resume its training, on all ranks, and write it to the output folder.

    settings: None takes those of the recipe; the options change them. read: for tests. UsageError: the folder holds
    another run, or an option makes no sense. TalkshardError: the training diverged.
    """
    torch.set_num_threads(options.threads)
    with open_ranks(options.device) as ranks:
        chosen = with_options(settings or recipe(options.recipe), options)
        folder = RunFolder(path=Path(options.output), network_name=GENERATOR)
        identity = run_identity(options, chosen, ranks)
        folder.refuse_another_run(identity)
        loader, training = _loader(options, chosen, ranks), GeneratorTraining(chosen, options.seed, ranks)
        is_begun = (folder.checkpoints / _STATE).exists()
        ranks.wait()  # every rank has looked for the checkpoint before the first one writes
        if ranks.is_first:
            folder.begin(identity)
        if is_begun:
            loader.load_state_dict(resume_training(training, folder.checkpoints / _STATE))
        curves = folder.tensorboard if ranks.is_first else None
        with GeneratorWatch(curves, chosen.steps, training.steps) as watch:
            run = _Run(options=options, folder=folder, identity=identity, training=training, loader=loader, watch=watch)
            _train(run, read, is_begun)
            if ranks.is_first:
                _write(run)


def with_options(settings: GeneratorTrainingSettings, options: GeneratorTrainingOptions) -> GeneratorTrainingSettings:
    """The settings, changed by the options that are given."""
    losses = dataclasses.replace(settings.losses, content_network=options.content_network)
    given = {
        name: value
        for name in ("steps", "learning_rate", "batch_clips")
        if (value := getattr(options, name)) is not None
    }
    return dataclasses.replace(settings, losses=losses, **given)


def run_identity(
    options: GeneratorTrainingOptions, settings: GeneratorTrainingSettings, ranks: Ranks
) -> dict[str, Any]:
    """Everything that determines the result, except the processor and its threads."""
    init = options.identity_init
    return {
        "dataset": dataset_sha256(options.dataset),
        "where": options.where,
        "recipe": options.recipe,
        "seed": options.seed,
        "steps": settings.steps,
        "learning_rate": settings.learning_rate,
        "batch_clips": settings.batch_clips,
        "content_network": options.content_network,
        "identity_init": hashlib.sha256(Path(init).read_bytes()).hexdigest() if init else None,
        "num_ranks": ranks.num_ranks,
        "speech_encoder": model_sha256(MODEL) if settings.generator.audio_features == "speech" else None,
        "settings": json.loads(json.dumps(dataclasses.asdict(settings))),
        **{name: importlib.metadata.version(name) for name in ("torch", "numpy")},
    }


def _loader(options: GeneratorTrainingOptions, settings: GeneratorTrainingSettings, ranks: Ranks) -> SampleLoader:
    samples = SampleSettings(
        num_identity=settings.generator.num_identity,
        targets_per_clip=settings.targets_per_clip,
        audio_features=settings.generator.audio_features,
    )
    stream = SampleStream(
        options.dataset,
        "train",
        samples,
        batch_size=settings.batch_clips,
        seed=options.seed,
        rank=ranks.rank,
        world_size=ranks.num_ranks,
        where=options.where,
        endless=True,
    )
    return SampleLoader(stream, options.workers, pin_memory=ranks.device.type == "cuda")


def _train(run: _Run, read: Read, is_begun: bool) -> None:
    """Pretrain where the run is new, then train until the last step."""
    training, watch = run.training, run.watch
    image_px, device = training.settings.generator.image_px, training.ranks.device
    batches = (generator_batch(sample, image_px, device) for sample in read(run.loader))
    if is_begun:
        watch.say(f"resumes after step {training.steps}")
    else:
        _pretrain(run, batches)
        run.save()
    watch.begin()
    if training.steps < training.settings.steps:
        _loop(run, batches)


def _pretrain(run: _Run, batches: Iterator[GeneratorBatch]) -> None:
    start, training = time.monotonic(), run.training
    if run.options.identity_init:
        training.start_identity(Path(run.options.identity_init))
    training.pretrain(itertools.islice(batches, training.settings.pretraining.num_batches), run.watch.say)
    run.watch.say(f"pretrained in {time.monotonic() - start:.0f} s")


def _loop(run: _Run, batches: Iterator[GeneratorBatch]) -> None:
    """Step, check, save, until the last step."""
    training, settings = run.training, run.training.settings
    for batch in run.watch.timed(batches):
        losses = training.advance(batch)
        run.watch.show_step(training.steps, losses, len(batch) * training.ranks.num_ranks)
        is_last = training.steps >= settings.steps
        if training.steps % settings.check_every == 0 or is_last:
            change = training.change_with_audio(batch)
            run.watch.show_faces(training.steps, _columns(training, batch), change)
        if training.steps % settings.save_every == 0 or is_last:
            run.save()
        if is_last:
            return


@torch.no_grad()
def _columns(training: GeneratorTraining, batch: GeneratorBatch) -> list[Tensor]:
    """Stills, targets, generated faces, and these deblurred where there is a network for it; from several clips."""
    shown = slice(0, None, max(1, batch.num_targets // 2))
    generated = training.generate(batch)[shown]
    still = batch.stills.repeat_interleave(batch.num_targets, 0)[shown, 0]
    columns = [still, batch.targets[shown], generated]
    return columns if training.deblurring is None else [*columns, training.deblurring(generated)]


def _write(run: _Run) -> None:
    """Write weights, deblurring network, record and card, and the generator last."""
    training, folder, watch = run.training, run.folder, run.watch
    save_generator(training.averaged, folder.path / WEIGHTS)
    if training.deblurring is not None:
        save_deblurring(training.deblurring, folder.path / Path(DEBLURRING).with_suffix(".safetensors"))
        export_deblurring(training.deblurring, folder.path / DEBLURRING, training.settings.generator.image_px)
    skipped = run.loader.stream.skipped
    with published_last(folder.network) as partial:
        target_offset = run.loader.stream.settings.target_offset
        export_generator(training.averaged, partial, training.settings.name, target_offset)
        content = partial.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        write_record(folder.path, _record(run, sha256))
        _write_card(run, sha256, len(content))
    for reason, times in skipped.items():
        watch.say(f"skipped {times} times: {reason}")
    watch.say(f"{folder.network}: {len(content) / 1e6:.1f} MB, sha256 {sha256}")


def _record(run: _Run, sha256: str) -> dict[str, object]:
    return {
        "sha256": sha256,
        "run": run.identity,
        "settings": dataclasses.asdict(run.training.settings),
        "clips": run.loader.stream.num_clips,
        "skipped": dict(run.loader.stream.skipped),
        "samples_s": run.watch.samples_s,
        "data_wait_share": run.watch.wait_share,
    }


def _write_card(run: _Run, sha256: str, size_bytes: int) -> None:
    settings, stream = run.training.settings, run.loader.stream
    sections = (
        data_section(training_data(stream.clips, run.identity["dataset"], stream.skipped.total())),
        making_section(repeating_command(run.options, settings), making_details(run.options, settings, run.identity)),
    )
    write_card(run.folder.path, GENERATOR, sha256, about_generator(settings, size_bytes), sections)
