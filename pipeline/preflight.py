"""What must be there before any work: the right packages, weights, local files. Each lack is one line with its cure."""

import dataclasses
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pipeline
import schemas
import transforms
from pipeline.config import Recipe
from pipeline.recipes import require_own_scores
from schemas.errors import UsageError
from transforms.faces.detectors.registry import require_detector
from transforms.media.models import verify_models
from transforms.prepare.speech_models import require_speech_model
from transforms.speakers.config import SYNCNET
from transforms.speakers.speech_encoder import MODEL as SPEECH_ENCODER
from transforms.speakers.sync_network import DEFAULT_PATH, load_sync_network
from transforms.speakers.syncnet_checkpoint import converted_syncnet


def preflight(recipe: Recipe) -> Recipe:
    """The recipe as workers take it: what must be converted is converted, once, and named.

    UsageError for whatever the recipe needs and this machine lacks; IntegrityError for wrong weights.
    """
    require_one_home()
    require_own_scores(recipe)
    verify_models(("face_mesh",))
    require_detector(recipe.faces.detector)
    require_speech_model(recipe.speech.model)
    network = _ready_sync_network(recipe.speakers.network)
    return dataclasses.replace(recipe, speakers=dataclasses.replace(recipe.speakers, network=network))


def require_one_home() -> None:
    """UsageError when another package shadows one of ours: their names are plain words."""
    homes = {module.__name__: Path(module.__file__).resolve().parents[1] for module in (pipeline, schemas, transforms)}
    if len(set(homes.values())) > 1:
        found = ", ".join(f"{name} from {home}" for name, home in homes.items())
        raise UsageError(f"packages of one name shadow Talkshard's ({found}): take the others off the path")


def _ready_sync_network(network: str) -> str:
    """The setting by which workers load the network, without torch."""
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
    # In a process of its own: this one may become the parent of workers, which must not hold a native model.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_tried_sync_network, network).result()


def _tried_sync_network(network: str) -> str:
    if network.startswith(SYNCNET):
        network = f"{SYNCNET}{converted_syncnet(network.removeprefix(SYNCNET))}"
    load_sync_network(network)
    return network
