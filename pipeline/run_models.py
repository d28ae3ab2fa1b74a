"""The models that have a part in a run: what each is for, its hash and the licence of its weights."""

import filecmp
from pathlib import Path

from pipeline.config import Recipe
from transforms.faces.detectors.registry import detector_weights
from transforms.media.model_licences import BUNDLED, SYNC_NETWORK, file_weights, pinned_weights
from transforms.media.models import MODELS
from transforms.people.face_networks import face_network_weights
from transforms.prepare.speech_models import CHANNEL_MODEL, speech_model_weights
from transforms.speakers.config import SYNCNET
from transforms.speakers.speech_encoder import MODEL as SPEECH_ENCODER
from transforms.speakers.sync_network import DEFAULT_PATH
from transforms.transcripts.config import RECOGNISER_MODELS, TranscriptsConfig


def used_models(recipe: Recipe) -> dict[str, dict[str, str]]:
    """Name of each model of a recipe -> its job, sha256 and licence, for run.json."""
    return (
        _with_job(detector_weights(recipe.faces.detector), _detector_job(recipe.faces.detector))
        | _with_job({"face_mesh": pinned_weights("face_mesh")}, MODELS["face_mesh"].job)
        | _with_job(speech_model_weights(CHANNEL_MODEL), "which audio stream and channels hold voice")
        | _with_job(speech_model_weights(recipe.speech.model), _speech_job(recipe.speech.model))
        | _sync_models(recipe.speakers.network)
        | _with_job(face_network_weights(recipe.people.network), "which faces are of one person")
        | _transcript_models(recipe.transcripts)
    )


def _detector_job(setting: str) -> str:
    """What the detector's files do: of a pack's networks its detector alone is used."""
    return "faces in the whole image" + (", by the detector of a pack" if ":" in setting else "")


def _speech_job(setting: str) -> str:
    """What the speech model does: the one that finds the channels with voice may be the one that finds the speech."""
    return "speech in the audio" + (", and which stream and channels hold voice" if setting == CHANNEL_MODEL else "")


def _sync_models(network: str) -> dict[str, dict[str, str]]:
    """The sync network of a setting, and the speech encoder that each but the published SyncNet needs."""
    if network == "none":
        return {}
    given = Path(network.removeprefix(SYNCNET))
    is_bundled = network == "default" or filecmp.cmp(given, DEFAULT_PATH, shallow=False)
    weights = file_weights(DEFAULT_PATH, BUNDLED) if is_bundled else file_weights(given)
    name = DEFAULT_PATH.name if network == "default" else given.name
    found = _with_job({f"{SYNC_NETWORK}{name}": weights}, "which face speaks the audio, and their lag")
    if network.startswith(SYNCNET):
        return found
    return found | _with_job({SPEECH_ENCODER: pinned_weights(SPEECH_ENCODER)}, MODELS[SPEECH_ENCODER].job)


def _transcript_models(transcripts: TranscriptsConfig) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name in RECOGNISER_MODELS[transcripts.recogniser]:
        found |= _with_job({name: pinned_weights(name)}, MODELS[name].job)
    return found


def _with_job(weights: dict[str, dict[str, str]], job: str) -> dict[str, dict[str, str]]:
    return {name: {"job": job, **facts} for name, facts in weights.items()}
