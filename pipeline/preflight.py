"""Checks before any work: packages, weights and local files. What is missing is one line that says what to do."""

import dataclasses
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import ModuleType

import pipeline
import schemas
import transforms
from pipeline.config import Recipe
from pipeline.recipes import require_possible_confidence
from schemas.errors import UsageError
from transforms.faces.detectors.registry import require_detector
from transforms.media.models import verify_models
from transforms.people.config import DLIB, NONE
from transforms.people.face_networks import MODEL as FACE_RECOGNITION
from transforms.people.face_networks import load_face_network
from transforms.prepare.speech_models import require_speech_model
from transforms.speakers.config import SYNCNET
from transforms.speakers.speech_encoder import MODEL as SPEECH_ENCODER
from transforms.speakers.sync_network import DEFAULT_PATH, load_sync_network
from transforms.speakers.syncnet_checkpoint import converted_syncnet
from transforms.transcripts.config import RECOGNISER_MODELS


def preflight(recipe: Recipe) -> Recipe:
    """Check what a recipe needs, and return it as workers use it: with a converted sync network.

    UsageError where something is missing on this machine; IntegrityError for wrong weights.
    """
    require_our_packages()
    require_possible_confidence(recipe)
    verify_models(("face_mesh",))
    require_detector(recipe.faces.detector)
    require_speech_model(recipe.speech.model)
    _require_face_network(recipe.people.network)
    verify_models(RECOGNISER_MODELS[recipe.transcripts.recogniser])
    network = _ready_sync_network(recipe.speakers.network)
    return dataclasses.replace(recipe, speakers=dataclasses.replace(recipe.speakers, network=network))


def require_our_packages() -> None:
    """Raise UsageError where a package of the same name shadows one of ours, whose names are common words."""
    folders = {module.__name__: _folder_of(module) for module in (pipeline, schemas, transforms)}
    if len(set(folders.values())) > 1:
        found = ", ".join(f"{name} from {folder}" for name, folder in folders.items())
        raise UsageError(f"other packages shadow Talkshard's ({found}): remove them from Python's path")


def _folder_of(module: ModuleType) -> Path:
    assert module.__file__ is not None  # it has an __init__.py
    return Path(module.__file__).resolve().parents[1]


def _require_face_network(network: str) -> None:
    if network == DLIB:
        verify_models((FACE_RECOGNITION,))
    elif network != NONE:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:  # as below
            pool.submit(_tried_face_network, network).result()


def _tried_face_network(network: str) -> None:
    load_face_network(network, "--people")


def _ready_sync_network(network: str) -> str:
    """Check the sync network, and return the setting with which workers load it, without torch."""
    if network == "none":
        return network
    if not network.startswith(SYNCNET):
        verify_models((SPEECH_ENCODER,))
    if network == "default":
        if not DEFAULT_PATH.is_file():
            raise UsageError(f"the sync network {DEFAULT_PATH} is missing: reinstall Talkshard, or give --sync none")
        return network
    if not Path(network.removeprefix(SYNCNET)).is_file():
        raise UsageError(f"--sync {network}: there is no such file")
    # In a separate process: this one may fork workers, and must not have loaded a native model.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_tried_sync_network, network).result()


def _tried_sync_network(network: str) -> str:
    if network.startswith(SYNCNET):
        network = f"{SYNCNET}{converted_syncnet(network.removeprefix(SYNCNET))}"
    load_sync_network(network)
    return network
