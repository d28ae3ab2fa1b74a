"""The options of build and probe that choose a recipe and change its settings."""

import argparse
import os

from pipeline.config import Recipe
from pipeline.recipes import RECIPES, named_recipe, with_syncnet_confidence
from transforms.faces.detectors.registry import DETECTORS, detector_help
from transforms.people.config import DLIB, NONE
from transforms.prepare.speech_models import speech_model_forms
from transforms.transcripts.config import RECOGNISER_MODELS

_WITH_PATH = (*(name for name, entry in DETECTORS.items() if entry.argument), "pyannote", "syncnet")
"""Settings whose part after the colon is a path."""


def add_recipe_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose and change a recipe."""
    recipe = Recipe()
    parser.add_argument("--recipe", metavar="NAME", help=f"{', '.join(RECIPES)} (default: default)")
    parser.add_argument("--detector", metavar="NAME", help=f"{detector_help()} (default: {recipe.faces.detector})")
    parser.add_argument("--speech", metavar="NAME", help=f"{speech_model_forms()} (default: {recipe.speech.model})")
    parser.add_argument(
        "--sync",
        metavar="NAME",
        help="default, none, FILE.onnx or syncnet:FILE, the published SyncNet's syncnet_v2.model, which torch converts "
        f"once (default: {recipe.speakers.network}, or what the recipe says)",
    )
    parser.add_argument(
        "--people",
        metavar="NAME",
        help="network that finds the people of all sources by their faces: dlib, none, a recognition FILE.onnx or the "
        f"folder of an InsightFace pack (default: {recipe.people.network})",
    )
    parser.add_argument(
        "--transcripts",
        metavar="NAME",
        help=f"{' or '.join(RECOGNISER_MODELS)}: what is said in each clip, if it is English (default: "
        f"{recipe.transcripts.recogniser})",
    )
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="change one setting, see the list in build --help; may be repeated",
    )


def chosen_recipe(args: argparse.Namespace, stored: Recipe | None = None) -> Recipe:
    """Apply the options of models to the named recipe, else to a stored one, then each --set."""
    recipe = named_recipe(args.recipe or "default") if args.recipe or stored is None else stored
    for name, text in (
        ("faces.detector", args.detector),
        ("speech.model", args.speech),
        ("speakers.network", args.sync),
        ("people.network", args.people and _face_network(args.people)),
        ("transcripts.recogniser", args.transcripts),
    ):
        recipe = recipe if text is None else recipe.with_value(name, _with_absolute_path(text))
    for assignment in args.settings:
        recipe = recipe.with_setting(assignment)
    given = {assignment.partition("=")[0].strip() for assignment in args.settings}
    return recipe if "speakers.min_confidence" in given else with_syncnet_confidence(recipe)


def _with_absolute_path(text: str) -> str:
    """Make the path in a setting absolute, because the current folder of a worker is another one."""
    kind, colon, name = text.partition(":")
    if colon and name and kind in _WITH_PATH:
        path = os.path.expanduser(name)
        return f"{kind}:{os.path.abspath(path) if kind != 'pyannote' or os.path.exists(path) else name}"
    return os.path.abspath(os.path.expanduser(text)) if text.endswith(".onnx") else text


def _face_network(text: str) -> str:
    """The setting with an absolute path, where it is one; a folder may have any name but those of the networks."""
    return text if text in (DLIB, NONE) else os.path.abspath(os.path.expanduser(text))
