"""Conversion of the published SyncNet's weights to the ONNX file that the dataset graph reads: once, with torch."""

import hashlib
import io
import pickle
import warnings
from pathlib import Path

import numpy as np

from schemas.errors import UsageError
from transforms.media.models import models_folder, write_atomically
from transforms.speakers.syncnet_layout import check_arrays, onnx_network

_UNREADABLE = (
    RuntimeError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    OSError,
    pickle.UnpicklingError,
)
"""The errors that torch.load raises for bytes that it did not write."""


def converted_syncnet(file: str) -> Path:
    """Path of the ONNX file for a released syncnet_v2.model; an .onnx file is taken as converted already.

    It lies in the models' folder, is named by the hash of the released file, and is written when it is missing.
    UsageError: the file is missing or not such a state dict, or torch, which reading it needs, is not installed.
    """
    if file.endswith(".onnx"):
        return Path(file)
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise UsageError(
            f"--sync syncnet:{file}: the file cannot be read ({error.strerror}); give the released syncnet_v2.model"
        ) from error
    sha256 = hashlib.sha256(content).hexdigest()
    path = models_folder().absolute() / f"syncnet-{sha256[:16]}.onnx"
    if not path.is_file():
        arrays = _arrays(content, file)
        check_arrays(arrays, f"--sync syncnet:{file}")
        write_atomically(path, onnx_network(arrays, sha256))
    return path


def _arrays(content: bytes, file: str) -> dict[str, np.ndarray]:
    """Arrays of a state dict by key; only plain tensors are read, and no code is run."""
    try:
        import torch
    except ImportError as error:
        raise UsageError(
            "--sync syncnet:FILE is converted once, which needs torch: pip install 'talkshard[train]', or "
            "convert it on another machine and give --sync syncnet:FILE.onnx"
        ) from error
    try:
        with warnings.catch_warnings(action="ignore"):  # warnings about what it cannot read: the error says the same
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        return {str(key): value.float().numpy() for key, value in state.items()}
    except _UNREADABLE as error:
        raise UsageError(
            f"--sync syncnet:{file} is not a state dict of torch ({type(error).__name__}); give the released "
            "syncnet_v2.model"
        ) from error
