"""Reading a pyannote segmentation checkpoint without running what a pickle may hold."""

import hashlib
import io
import os
import pickle
import typing
from collections import defaultdict

# Read when pyannote is imported: no telemetry.
os.environ["PYANNOTE_METRICS_ENABLED"] = "0"

import torch
from pyannote.audio import Inference, Model
from pyannote.audio.core.model import Introspection
from pyannote.audio.core.task import Problem, Resolution, Specifications

from schemas.errors import UsageError

_FILE_NAME = "pytorch_model.bin"
_OMEGACONF = (
    "omegaconf.listconfig.ListConfig",
    "omegaconf.dictconfig.DictConfig",
    "omegaconf.base.ContainerMetadata",
    "omegaconf.base.Metadata",
    "omegaconf.nodes.AnyNode",
)
"""Leftovers of training settings, read as empty shells: omegaconf need not be there."""

_SAFE = (
    Introspection,
    Problem,
    Resolution,
    Specifications,
    defaultdict,
    dict,
    list,
    int,
    (typing.Any, "typing.Any"),
    torch.torch_version.TorchVersion,
)


def load_segmentation(name: str) -> tuple[Model, str]:
    """A segmentation model and the sha256 of its file. `name`: a file, a folder that holds pytorch_model.bin, or a hub id.

    UsageError: it is not there, or is no such checkpoint. The hub is asked with the token in HF_TOKEN.
    """
    path = _checkpoint_path(name)
    with open(path, "rb") as file:
        content = file.read()
    return _model_from(content, name), hashlib.sha256(content).hexdigest()


def sliding_inference(model: Model, step_s: float) -> Inference:
    """The model slid over audio: scores (chunks, frames, speakers), chunks `step_s` apart."""
    return Inference(model, step=step_s, skip_aggregation=True, batch_size=8, device=torch.device("cpu"))


def _checkpoint_path(name: str) -> str:
    path = os.path.join(name, _FILE_NAME) if os.path.isdir(name) else name
    if os.path.isfile(path):
        return path
    if os.path.isdir(name) or os.path.isabs(name) or name.count("/") != 1 or name.startswith((".", "~")):
        raise UsageError(
            f"--speech pyannote:{name}: there is no file {path!r}; give a {_FILE_NAME}, a folder with one, or a hub id"
        )
    return _from_hub(name)


def _from_hub(repository: str) -> str:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return hf_hub_download(repository, _FILE_NAME, token=os.environ.get("HF_TOKEN"))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise UsageError(
            f"--speech pyannote:{repository} cannot be had from the hub ({type(error).__name__}); accept its "
            f"conditions and set HF_TOKEN, or give a local {_FILE_NAME}"
        ) from error


def _model_from(content: bytes, name: str) -> Model:
    checkpoint = _plain_checkpoint(content, name)
    architecture = checkpoint["pyannote.audio"]["architecture"]
    if not architecture["module"].startswith("pyannote.audio.models.segmentation."):
        raise UsageError(f"--speech pyannote:{name} holds a {architecture['class']}; expected a segmentation model")
    # Written anew from plain values, so that pyannote's own loader, which unpickles anything, reads only what we wrote.
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    buffer.seek(0)
    return Model.from_pretrained(buffer, map_location="cpu", strict=False)


def _plain_checkpoint(content: bytes, name: str) -> dict:
    shells = [(type(known.rpartition(".")[2], (), {}), known) for known in _OMEGACONF]
    try:
        with torch.serialization.safe_globals([*shells, *_SAFE]):
            loaded = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        about = loaded["pyannote.audio"]
        return {
            "state_dict": loaded["state_dict"],
            "hyper_parameters": loaded["hyper_parameters"],
            "epoch": 0,
            "global_step": 0,
            "hparams_name": "kwargs",
            "pytorch-lightning_version": loaded["pytorch-lightning_version"],
            "pyannote.audio": {part: about[part] for part in ("versions", "architecture", "specifications")},
        }
    except (RuntimeError, KeyError, EOFError, ValueError, OSError, TypeError, pickle.UnpicklingError) as error:
        raise UsageError(
            f"--speech pyannote:{name} is no pyannote segmentation checkpoint ({type(error).__name__}); "
            f"give a {_FILE_NAME} as its hub page has it"
        ) from error
