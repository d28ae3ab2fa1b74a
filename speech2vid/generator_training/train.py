"""`talkshard train`: trains a generator of talking faces from a dataset, and writes it for `talkshard generate`."""

import argparse
import dataclasses
import hashlib
import importlib.metadata
import itertools
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from schemas.errors import UsageError
from speech2vid.training.run_folder import begin_run, refuse_another_run

GENERATOR, WEIGHTS, DEBLURRING = "generator.onnx", "generator.safetensors", "deblurring.onnx"
RECORD, CHECKPOINTS, TENSORBOARD = "training.json", "checkpoints", "tensorboard"
_STATE = "training.safetensors"
_DESCRIPTION = """Train a generator of talking faces from the train split of a dataset of talkshard build. The same
command goes on with a run that was killed; under torchrun one process a device trains it together. DIR: generator.onnx
(for talkshard generate), its weights, deblurring.onnx, training.json, card.md, checkpoints and tensorboard (both may
go)."""


def main(argv: list[str], program: str = "talkshard train") -> int:
    """Train and export, or go on with what was begun; returns the exit code."""
    args = read_options(argv, program)
    from speech2vid.generator_training.recipes import recipe

    train_dataset(args, recipe(args.recipe))
    return 0


def train_dataset(args: argparse.Namespace, settings, read: Callable[[Iterable], Iterable] = iter) -> None:
    """Train a recipe's settings, changed by the options given, on all ranks. read: gives a loader's samples."""
    import torch

    from speech2vid.reader.ranks import open_ranks

    torch.set_num_threads(args.threads)
    with open_ranks(args.device) as ranks:
        _train(args, _settings(settings, args), ranks, read)


def train(training, loader, batches: Iterator, watch, state: Path) -> None:
    """The loop: step, look, save, until the last step."""
    settings = training.settings
    for batch in watch.timed(batches):
        numbers = training.advance(batch)
        watch.step(training.steps, numbers, len(batch) * training.ranks.num_ranks)
        is_last = training.steps >= settings.steps
        if training.steps % settings.look_every == 0 or is_last:
            change = training.change_with_audio(batch)
            watch.images(training.steps, _columns(training, batch), change)
        if training.steps % settings.save_every == 0 or is_last:
            _save(training, loader, state)
        if is_last:
            return


def _train(args: argparse.Namespace, settings, ranks, read: Callable[[Iterable], Iterable]) -> None:
    """Set up or go on, train, write."""
    from speech2vid.generator_training.batches import generator_batch
    from speech2vid.generator_training.checkpoint import resume_training
    from speech2vid.generator_training.loop import GeneratorTraining
    from speech2vid.training.watch import TrainingWatch

    output, run = Path(args.output), _run_of(args, settings, ranks)
    refuse_another_run(output, GENERATOR, CHECKPOINTS, run)
    loader, state = _loader(args, settings, ranks), output / CHECKPOINTS / _STATE
    training = GeneratorTraining(settings, args.seed, ranks)
    is_begun = state.exists()
    ranks.wait()  # all have looked before the first writes
    if ranks.is_first:
        begin_run(output, CHECKPOINTS, run)
    if is_begun:
        loader.load_state_dict(resume_training(training, state))
    batches = (generator_batch(sample, settings.generator.image_px, ranks.device) for sample in read(loader))
    with TrainingWatch(output / TENSORBOARD if ranks.is_first else None, settings.steps, training.steps) as watch:
        if is_begun:
            watch.say(f"goes on after step {training.steps}")
        else:
            _prepare(args, training, batches, watch)
            _save(training, loader, state)
        watch.begin()
        if training.steps < settings.steps:
            train(training, loader, batches, watch, state)
        if ranks.is_first:
            _write(args, training, loader, output, run, watch)


def _prepare(args: argparse.Namespace, training, batches: Iterator, watch) -> None:
    start = time.monotonic()
    if args.identity_init:
        training.start_identity(Path(args.identity_init))
    training.prepare(itertools.islice(batches, training.settings.preparation.pool_batches), watch.say)
    watch.say(f"prepared in {time.monotonic() - start:.0f} s")


def _save(training, loader, state: Path) -> None:
    from speech2vid.generator_training.checkpoint import save_training

    if training.ranks.is_first:
        save_training(training, loader.state_dict(), state)


def _columns(training, batch) -> list:
    """Stills, target, made, and deblurred where that was learnt; targets of several clips."""
    import torch

    chosen = slice(0, None, max(1, batch.num_targets // 2))
    made = training.show(batch)[chosen]
    still = batch.stills.repeat_interleave(batch.num_targets, 0)[chosen, 0]
    columns = [still, batch.targets[chosen], made]
    if training.deblurring is not None:
        with torch.no_grad():
            columns.append(training.deblurring(made))
    return columns


def _write(args: argparse.Namespace, training, loader, output: Path, run: dict[str, object], watch) -> None:
    """The generator last: where it lies, all lies."""
    from speech2vid.generator.export import export_deblurring, export_generator
    from speech2vid.generator_training.card import write_card
    from speech2vid.generator_training.checkpoint import save_deblurring, save_generator

    settings, whole = training.settings, output / f"{GENERATOR}.part"
    save_generator(training.kept, output / WEIGHTS)
    if training.deblurring is not None:
        save_deblurring(training.deblurring, output / Path(DEBLURRING).with_suffix(".safetensors"))
        export_deblurring(training.deblurring, output / DEBLURRING, settings.generator.image_px)
    export_generator(training.kept, whole, settings.name, loader.stream.settings.target_offset)
    content = whole.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    record = {
        "sha256": sha256,
        "run": run,
        "settings": dataclasses.asdict(settings),
        "clips": loader.stream.num_clips,
        "skipped": dict(loader.stream.skipped),
        "samples_s": watch.samples_s,
        "data_wait_share": watch.wait_share,
    }
    (output / RECORD).write_text(json.dumps(record, indent=1) + "\n")
    write_card(
        output, GENERATOR, content, run, settings, loader.stream.clips, loader.stream.skipped.total(), args.threads
    )
    os.replace(whole, output / GENERATOR)
    for argv, times in loader.stream.skipped.items():
        watch.say(f"skipped {times} times: {argv}")
    watch.say(f"{output / GENERATOR}: {(output / GENERATOR).stat().st_size / 1e6:.1f} MB, sha256 {sha256}")


def _loader(args: argparse.Namespace, settings, ranks):
    from speech2vid.reader.samples import SampleLoader, SampleSettings, SampleStream

    samples = SampleSettings(
        num_identity=settings.generator.num_identity,
        targets_per_clip=settings.targets_per_clip,
        audio_features=settings.generator.audio_features,
    )
    stream = SampleStream(
        args.dataset,
        "train",
        samples,
        batch_size=settings.batch_clips,
        seed=args.seed,
        rank=ranks.rank,
        world_size=ranks.num_ranks,
        where=args.where,
        endless=True,
    )
    return SampleLoader(stream, args.workers, pin_memory=ranks.device.type == "cuda")


def _settings(settings, args: argparse.Namespace):
    """The recipe, with what was given."""
    losses = dataclasses.replace(settings.losses, content_network=args.content_network)
    given = {
        name: value for name in ("steps", "learning_rate", "batch_clips") if (value := getattr(args, name)) is not None
    }
    return dataclasses.replace(settings, losses=losses, **given)


def _run_of(args: argparse.Namespace, settings, ranks) -> dict[str, object]:
    """All that a run's numbers hang on, but the processor and its threads."""
    from speech2vid.sync_training.dataset import dataset_sha256
    from transforms.media.models import model_sha256
    from transforms.speakers.speech_encoder import MODEL

    heard = model_sha256(MODEL) if settings.generator.audio_features == "speech" else None
    init = hashlib.sha256(Path(args.identity_init).read_bytes()).hexdigest() if args.identity_init else None
    return {
        "dataset": dataset_sha256(args.dataset),
        "where": args.where,
        "recipe": args.recipe,
        "seed": args.seed,
        "steps": settings.steps,
        "learning_rate": settings.learning_rate,
        "batch_clips": settings.batch_clips,
        "content_network": args.content_network,
        "identity_init": init,
        "num_ranks": ranks.num_ranks,
        "speech_encoder": heard,
        "settings": json.loads(json.dumps(dataclasses.asdict(settings))),
        **{name: importlib.metadata.version(name) for name in ("torch", "numpy")},
    }


def read_options(argv: list[str], program: str = "talkshard train") -> argparse.Namespace:
    """Options of the command line; UsageError for values that make no sense."""
    options = argparse.ArgumentParser(prog=program, description=_DESCRIPTION)
    add, cores = options.add_argument, len(os.sched_getaffinity(0))
    add("--dataset", required=True, metavar="OUT", help="output of talkshard build, a folder or a URL")
    add(
        "--recipe",
        required=True,
        choices=("tiny", "small", "paper"),
        help="tiny: half an hour on two cores; small: two hours; paper: the published size and loss",
    )
    add("--output", required=True, metavar="DIR", help="folder for what is made; new, or gone on with")
    add("--steps", type=int, help="training steps (default: the recipe's)")
    add("--learning_rate", type=float, help="the highest (default: the recipe's)")
    add("--batch_clips", type=int, help="clips a step, of each process (default: the recipe's)")
    add("--seed", type=int, default=0, help="same seed and --threads 1, same generator (default: %(default)s)")
    add(
        "--where",
        metavar="CONDITION",
        help="learn only from clips that meet this DuckDB condition on the clips "
        'table, as in "sync_probability > 0.95 and face_source_px > 80"',
    )
    add(
        "--content_network",
        default="centerface",
        metavar="NETWORK",
        help="whose feature maps the content loss "
        "compares: centerface, FILE.onnx, or VGG-M weights as .mat or .safetensors (default: %(default)s)",
    )
    add(
        "--identity_init",
        metavar="FILE",
        help="VGG-M weights (.mat, .safetensors) that the identity encoder begins with",
    )
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="(default: %(default)s)")
    add("--workers", type=int, default=1, help="processes that read samples; changes no number (default: %(default)s)")
    add(
        "--threads",
        type=int,
        default=max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))),
        help="threads of a CPU step (default: %(default)s)",
    )
    args = options.parse_args(argv)
    for name, least in {"steps": 1, "batch_clips": 2, "seed": 0, "workers": 0, "threads": 1}.items():
        if getattr(args, name) is not None and getattr(args, name) < least:
            raise UsageError(f"--{name} must be {least} or more, not {getattr(args, name)}")
    if args.identity_init and not Path(args.identity_init).is_file():
        raise UsageError(f"--identity_init: no file is at {args.identity_init}")
    return args
