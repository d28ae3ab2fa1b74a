"""The model card beside a trained generator: what the program itself knows of it."""

import dataclasses
import hashlib
import shlex
from collections import Counter
from pathlib import Path

from schemas.clock import seconds_from_frames
from schemas.stored.clip_index import StoredClips
from speech2vid.generator_training.recipes import GeneratorTrainingSettings, recipe

CARD = "card.md"
_OPTIONS = ("steps", "learning_rate", "batch_clips")  # of the command line, which change a recipe


def write_card(
    output: Path,
    name: str,
    content: bytes,
    run: dict[str, object],
    settings: GeneratorTrainingSettings,
    clips: StoredClips,
    num_skipped: int,
    threads: int,
) -> None:
    """Write DIR/card.md.

    content: of the file `name`; clips: what was learnt from; num_skipped: how often one could not be read.
    """
    about = (
        f"Stills of a face and audio to the face that says it: recipe `{settings.name}`, "
        f"{settings.generator.num_identity} stills, hears {settings.generator.audio_features}, "
        f"{len(content) / 1e6:.1f} MB."
    )
    (output / CARD).write_text(
        "\n\n".join(
            [
                f"# {name}",
                about,
                f"sha256 {hashlib.sha256(content).hexdigest()}",
                *_data(run, clips, num_skipped),
                *_making(run, settings, threads),
            ]
        )
        + "\n"
    )


def _data(run: dict[str, object], clips: StoredClips, num_skipped: int) -> list[str]:
    frames: Counter[str] = Counter()
    licences: Counter[str] = Counter()
    for person, clip in zip(clips.people, clips.places.select(["licence", "num_frames"]).to_pylist(), strict=True):
        frames[person] += clip["num_frames"]
        licences[" ".join((clip["licence"] or "not given").replace("|", "/").split())] += 1
    rows = [
        "| licence, as given with the sources | clips |",
        "| --- | --- |",
        *(f"| {licence} | {count} |" for licence, count in licences.most_common()),
    ]
    people = f"{len(frames)} people, of whom one has {max(frames.values()) / frames.total():.0%}"
    skipped = f" Clips that could not be read were skipped {num_skipped} times." if num_skipped else ""
    return [
        "## Data",
        (
            f"{len(clips)} clips, {seconds_from_frames(frames.total()) / 60:.1f} minutes, {people}.{skipped} The "
            "weights come under what these licences allow together:"
        ),
        "\n".join(rows),
        f"dataset.json of the dataset has sha256 {run['dataset']}.",
    ]


def _making(run: dict[str, object], settings: GeneratorTrainingSettings, threads: int) -> list[str]:
    standard = recipe(run["recipe"])
    given = {name: getattr(settings, name) for name in _OPTIONS if getattr(settings, name) != getattr(standard, name)}
    if settings.losses.content_network != standard.losses.content_network:
        given["content_network"] = settings.losses.content_network
    given |= {"identity_init": "FILE"} if run["identity_init"] else {}
    given |= {"where": run["where"]} if run["where"] else {}
    words = [
        "talkshard",
        "train",
        "--dataset",
        "OUT",
        "--recipe",
        run["recipe"],
        "--output",
        "DIR",
        "--seed",
        run["seed"],
        "--threads",
        threads,
    ]
    words += [word for name, value in given.items() for word in (f"--{name}", value)]
    losses = dataclasses.replace(standard.losses, content_network=settings.losses.content_network)
    options = {name: getattr(settings, name) for name in _OPTIONS}
    own = (
        ""
        if dataclasses.replace(standard, losses=losses, **options) == settings
        else (" The settings were not the recipe's alone: training.json has them.")
    )
    return [
        "## How it was made",
        "    " + " ".join(shlex.quote(" ".join(str(word).split("\n"))) for word in words),
        (
            f"{settings.steps} steps of {settings.batch_clips} clips and {settings.targets_per_clip} targets of each; "
            f"processes: {run['num_ranks']}; torch {run['torch']}.{own} With --threads 1 the same bits come of it "
            "each time."
        ),
    ]
