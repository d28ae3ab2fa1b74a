"""A pyannote segmentation checkpoint, read without running the code that a pickle may hold."""

import hashlib
import io
import os
import pickle
import typing
from collections import defaultdict
from typing import Any

import numpy as np
import torch
from pyannote.audio import Inference, Model
from pyannote.audio.core.model import Introspection
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.core import SlidingWindowFeature

from schemas.clock import SAMPLE_RATE_HZ
from schemas.errors import UsageError
from transforms.prepare.pyannote_file import CHECKPOINT_NAME, checkpoint_path

_OMEGACONF = (
    "omegaconf.listconfig.ListConfig",
    "omegaconf.dictconfig.DictConfig",
    "omegaconf.base.ContainerMetadata",
    "omegaconf.base.Metadata",
    "omegaconf.nodes.AnyNode",
)
"""Classes of training settings in old checkpoints, read as empty shells: omegaconf need not be installed."""

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
    """A segmentation model and the sha256 of its file.

    name: a file, a folder that holds pytorch_model.bin, or a hub id, for which the token in HF_TOKEN is used.
    UsageError: it is missing, or is no such checkpoint.
    """
    path = _checkpoint_path(name)
    with open(path, "rb") as file:
        content = file.read()
    return _model_from(content, name), hashlib.sha256(content).hexdigest()


def sliding_inference(model: Model, step_s: float) -> Inference:
    """The model slid over audio in chunks `step_s` apart."""
    return Inference(model, step=step_s, skip_aggregation=True, batch_size=8, device=torch.device("cpu"))


def sliding_scores(inference: Inference, waveform: torch.Tensor) -> np.ndarray:
    """Scores (chunks, frames, local speakers) of a waveform, float32 (1, n) at 16 kHz."""
    scores = inference({"waveform": waveform, "sample_rate": SAMPLE_RATE_HZ})
    if not isinstance(scores, SlidingWindowFeature):
        raise TypeError(f"pyannote gave {type(scores).__name__}, not scores of each chunk")
    return scores.data


def duration_s(model: Model) -> float:
    """Length of the chunks that the model takes, seconds."""
    specifications = model.specifications
    if not isinstance(specifications, Specifications):
        raise UsageError("--speech pyannote: a model of several tasks is no segmentation model")
    return specifications.duration


def _checkpoint_path(name: str) -> str:
    path = checkpoint_path(name)
    if os.path.isfile(path):
        return path
    if os.path.isdir(name) or os.path.isabs(name) or name.count("/") != 1 or name.startswith((".", "~")):
        raise UsageError(
            f"--speech pyannote:{name}: there is no file {path!r}; "
            f"give a {CHECKPOINT_NAME}, a folder with one, or a hub id"
        )
    return _from_hub(name)


def _from_hub(repository: str) -> str:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return hf_hub_download(repository, CHECKPOINT_NAME, token=os.environ.get("HF_TOKEN"))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise UsageError(
            f"--speech pyannote:{repository} cannot be fetched from the hub ({type(error).__name__}); accept its "
            f"conditions and set HF_TOKEN, or give a local {CHECKPOINT_NAME}"
        ) from error


def _model_from(content: bytes, name: str) -> Model:
    checkpoint = _plain_checkpoint(content, name)
    architecture = checkpoint["pyannote.audio"]["architecture"]
    if not architecture["module"].startswith("pyannote.audio.models.segmentation."):
        raise UsageError(f"--speech pyannote:{name} holds a {architecture['class']}; expected a segmentation model")
    # pyannote's own loader unpickles anything, so it is given a file written here from plain values.
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    buffer.seek(0)
    model = Model.from_pretrained(buffer, map_location="cpu", strict=False)
    if model is None:
        raise UsageError(f"--speech pyannote:{name} cannot be loaded by pyannote")
    return model


def _plain_checkpoint(content: bytes, name: str) -> dict[str, Any]:
    """The parts of a checkpoint that a model is built from, all of them tensors and plain values."""
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
            f"give a {CHECKPOINT_NAME} as it is on the hub"
        ) from error
