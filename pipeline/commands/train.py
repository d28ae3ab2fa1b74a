"""`talkshard train --dataset OUT --recipe NAME --output DIR`: train a network of talking faces."""

import argparse
import dataclasses
import tomllib
from collections.abc import Mapping
from typing import Any

from pipeline.commands.parser import CommandParser, require_file
from pipeline.nearest import nearest
from pipeline.settings import setting_lines, settings_text, with_assignment, with_text
from schemas.errors import UsageError

_DESCRIPTION = """Train a network of talking faces from the train split of a dataset of talkshard build, validated on
people who are held out. The same command resumes a run that was killed, on this machine or another; torchrun starts one
process a device, and all of them train one network. DIR: the network as .onnx, for talkshard generate, its weights,
training.json, card.md, checkpoints and tensorboard (both can be deleted)."""
_MINIMUMS = {"seed": 0, "workers": 0, "threads": 1}
_REQUIRED = ("dataset", "recipe", "output")
_OF_CONFIG = ("recipe", "seed", "where", "validate_where")
"""Options that a configuration file may give, beside the sections of settings."""
_SHORT = {
    "steps": "training steps",
    "learning_rate": "the highest learning rate",
    "batch_clips": "clips of a batch, in each process",
    "accumulate": "batches whose gradients make one step: a larger batch in the same memory",
    "image_px": "side of the faces that are learnt; the dataset's are resized to it",
}
"""Options that stand for the one setting of this name that a recipe has."""


def main(argv: list[str], program: str) -> int:
    """Train and export, or resume; returns the exit code."""
    parser = _parser(program)
    args = parser.parse(argv, _MINIMUMS)
    sections = _read_config(args)
    if not args.recipe:
        parser.error("the following arguments are required: --recipe")
    from speech2vid.recipes import RECIPES

    if args.recipe not in RECIPES:
        raise UsageError(
            f"no recipe of talkshard train is called {args.recipe!r}{nearest(args.recipe, RECIPES)}; there are "
            f"{', '.join(RECIPES)}"
        )
    recipe = RECIPES[args.recipe]
    settings = chosen_settings(recipe.settings(), sections, args)
    if args.list_settings:
        print(settings_text(setting_lines(settings)))
        return 0
    if missing := [f"--{name}" for name in _REQUIRED if not getattr(args, name)]:
        parser.error(f"the following arguments are required: {', '.join(missing)}")
    from speech2vid.training.options import TrainingOptions, default_threads
    from speech2vid.training.run import train

    args.threads, args.seed = args.threads or default_threads(), args.seed or 0
    options = TrainingOptions(
        **{field.name: getattr(args, field.name) for field in dataclasses.fields(TrainingOptions)}
    )
    train(options, settings, recipe.settings(), recipe.open_task())
    return 0


def chosen_settings(settings: Any, sections: Mapping[str, Mapping[str, object]], args: argparse.Namespace) -> Any:
    """A recipe's settings, changed by the sections of a configuration file, short options and each --set, in turn."""
    for section, values in sections.items():
        for name, value in values.items():
            settings = with_text(settings, f"{section}.{name}", str(value))
    for short in _SHORT:
        if (value := getattr(args, short)) is not None:
            settings = with_text(settings, _full_name(settings, short, args.recipe), str(value))
    for assignment in args.settings:
        settings = with_assignment(settings, assignment)
    return settings


def _full_name(settings: Any, short: str, recipe: str) -> str:
    for line in setting_lines(settings):
        if line.name.partition(".")[2] == short:
            return line.name
    raise UsageError(f"--{short}: recipe {recipe} has no such setting; --list_settings shows those that it has")


def _read_config(args: argparse.Namespace) -> dict[str, dict[str, object]]:
    """Sections of settings of --config; its options are taken into args where the command line does not give them."""
    if args.config is None:
        return {}
    require_file("--config", args.config)
    try:
        with open(args.config, "rb") as file:
            content = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--config {args.config} is not TOML: {error}") from error
    sections = {name: value for name, value in content.items() if isinstance(value, dict)}
    for name, value in content.items():
        if name in sections:
            continue
        if name not in _OF_CONFIG:
            raise UsageError(
                f"--config {args.config}: {name!r} is neither a section of settings nor one of "
                f"{', '.join(_OF_CONFIG)}{nearest(name, _OF_CONFIG)}"
            )
        if getattr(args, name) is None:
            setattr(args, name, value)
    return sections


def _parser(program: str) -> CommandParser:
    from speech2vid.recipes import RECIPES

    parser = CommandParser(program, _DESCRIPTION)
    add = parser.add_argument
    add("--dataset", metavar="OUT", help="output of talkshard build, a folder or a URL")
    add("--recipe", metavar="NAME", help=f"what to train: {', '.join(RECIPES)}")
    add("--output", metavar="DIR", help="folder to write to; new, or that of a run to resume")
    add("--config", metavar="FILE", help="TOML file: recipe, where, validate_where, seed, and tables of settings")
    add(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="change one setting of the recipe; may be repeated",
    )
    add("--list_settings", action="store_true", help="list the settings of --recipe, with default and unit, and end")
    for name, about in _SHORT.items():
        kind = float if name == "learning_rate" else int
        add(f"--{name}", type=kind, help=f"{about} (default: the recipe's)")
    add("--seed", type=int, help="same seed and --threads 1, same network (default: 0)")
    add(
        "--where",
        metavar="CONDITION",
        help="learn only from clips that meet this DuckDB condition on the clips table, as in "
        '"sync_probability > 0.95 and face_source_px > 80"',
    )
    add(
        "--validate_where",
        metavar="CONDITION",
        help="validate only on clips that meet this condition, of split val; where there is none, of a tenth of the "
        "people, who are held out",
    )
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to train (default: %(default)s)")
    add("--workers", type=int, default=1, help="processes that read samples; changes no number (default: %(default)s)")
    add("--threads", type=int, help="threads of a step on the CPU (default: all cores, shared by the processes)")
    return parser
