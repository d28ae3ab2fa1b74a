"""What the model card of a trained generator says."""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from typing import Any

from schemas.stored.clip_index import StoredClips
from speech2vid.generator_training.options import GeneratorTrainingOptions
from speech2vid.generator_training.recipes import GeneratorTrainingSettings, recipe
from speech2vid.training.card import UNKNOWN_LICENCE, TrainingData
from speech2vid.training.record import command_line

_OPTIONS = ("steps", "learning_rate", "batch_clips")  # of the command line, which change a recipe


def about_generator(settings: GeneratorTrainingSettings, size_bytes: int) -> str:
    """One paragraph about a network of these settings."""
    generator = settings.generator
    return (
        f"From stills of a face and audio to the face that says it: recipe `{settings.name}`, "
        f"{generator.num_identity} stills, conditioned on {generator.audio_features}, {size_bytes / 1e6:.1f} MB."
    )


def training_data(clips: StoredClips, dataset_sha256: str, num_skipped: int) -> TrainingData:
    """Speakers and licences of the clips; num_skipped: times that a clip could not be read."""
    frames: Counter[str] = Counter()
    licences: Counter[str] = Counter()
    rows = clips.places.select(["licence", "num_frames"]).to_pylist()
    for speaker, row in zip(clips.speakers, rows, strict=True):
        frames[speaker] += row["num_frames"]
        licences[" ".join((row["licence"] or UNKNOWN_LICENCE).split())] += 1
    return TrainingData(frames=frames, licences=licences, dataset_sha256=dataset_sha256, num_skipped=num_skipped)


def repeating_command(options: GeneratorTrainingOptions, settings: GeneratorTrainingSettings) -> str:
    """The command of the run, with the options that differ from the recipe's values."""
    standard = recipe(options.recipe)
    changed = {name: getattr(settings, name) for name in _OPTIONS if getattr(settings, name) != getattr(standard, name)}
    content_network = settings.losses.content_network
    return command_line(
        "train",
        {
            "dataset": "OUT",
            "recipe": options.recipe,
            "output": "DIR",
            "seed": options.seed,
            "threads": options.threads,
            **changed,
            "content_network": None if content_network == standard.losses.content_network else content_network,
            "identity_init": "FILE" if options.identity_init else None,
            "where": options.where or None,
        },
    )


def making_details(
    options: GeneratorTrainingOptions, settings: GeneratorTrainingSettings, run: Mapping[str, Any]
) -> str:
    """What the command leaves open; run: the run's identity."""
    standard = recipe(options.recipe)
    losses = dataclasses.replace(standard.losses, content_network=settings.losses.content_network)
    given = {name: getattr(settings, name) for name in _OPTIONS}
    is_standard = dataclasses.replace(standard, losses=losses, **given) == settings
    return (
        f"{settings.steps} steps of {settings.batch_clips} clips and {settings.targets_per_clip} targets of each; "
        f"processes: {run['num_ranks']}; torch {run['torch']}."
        f"{'' if is_standard else ' The settings are not those of the recipe: training.json has them.'} "
        "With --threads 1 the same command gives the same bits."
    )
