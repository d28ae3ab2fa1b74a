"""Export of trained networks to the ONNX files that `talkshard generate` reads without torch."""

import io
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from speech2vid.generator.deblurring import Deblurring
from speech2vid.generator.file import (
    AUDIO_INPUT,
    AUDIO_KEY,
    FACE_OUTPUT,
    IMAGE_KEY,
    NUM_IDENTITY_KEY,
    OFFSET_KEY,
    RECIPE_KEY,
    SPEECH_ENCODER_KEY,
    STILLS_INPUT,
)
from speech2vid.generator.networks import EncodedIdentity, Generator
from speech2vid.reader.audio_features import SPEECH
from transforms.media.models import model_sha256
from transforms.speakers.speech_encoder import MODEL as SPEECH_MODEL

_OPSET = 18
_MIN_HALVED = 1024  # numbers: halving a smaller tensor saves nothing
_LARGEST_HALF = 60_000


class _SharedStills(nn.Module):
    """A generator that encodes each row of stills once: one row for all audio windows, or a row for each."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, audio_B1CT: Tensor, identity_BCHW: Tensor) -> Tensor:
        encoded = self.generator.encode_identity(identity_BCHW)
        num_faces = audio_B1CT.shape[0]  # read after the stills are encoded: the order of the nodes in the file
        identity = EncodedIdentity(*(x_BCHW.expand(num_faces, -1, -1, -1) for x_BCHW in encoded))
        return self.generator.decode(self.generator.audio(audio_B1CT), identity)


def export_generator(generator: Generator, path: Path, recipe: str, target_offset: int) -> None:
    """Write an ONNX file with inputs AUDIO_INPUT (B, 1, C, W) and STILLS_INPUT (B or 1, 3 N, P, P), 0..255.

    target_offset: column of the audio window at which the generated frame begins.
    """
    num_identity, features = generator.settings.num_identity, generator.settings.features
    still_px = generator.settings.still_px
    example = (
        torch.zeros(2, 1, features.num_channels, features.window_columns),
        torch.zeros(1, 3 * num_identity, still_px, still_px),
    )
    axes = {AUDIO_INPUT: {0: "faces"}, STILLS_INPUT: {0: "rows_of_stills"}, FACE_OUTPUT: {0: "faces"}}
    metadata = {
        NUM_IDENTITY_KEY: str(num_identity),
        IMAGE_KEY: str(still_px),
        OFFSET_KEY: str(target_offset),
        RECIPE_KEY: recipe,
        AUDIO_KEY: features.name,
    }
    if features == SPEECH:
        metadata[SPEECH_ENCODER_KEY] = model_sha256(SPEECH_MODEL)
    _export(_SharedStills(generator.eval()), example, [AUDIO_INPUT, STILLS_INPUT], axes, metadata, path)


def export_deblurring(network: Deblurring, path: Path, image_px: int) -> None:
    """Write input `blurred` and output `face`, both (B, 3, S, S), RGB in 0..1; S: image_px."""
    axes = {"blurred": {0: "faces"}, FACE_OUTPUT: {0: "faces"}}
    _export(network.eval(), (torch.zeros(1, 3, image_px, image_px),), ["blurred"], axes, {}, path)


def _export(
    network: nn.Module,
    example: tuple[Tensor, ...],
    inputs: list[str],
    axes: dict[str, dict[int, str]],
    metadata: dict[str, str],
    path: Path,
) -> None:
    model = onnx.load_model_from_string(_exported(network, example, inputs, axes))
    _store_halves(model.graph)
    onnx.helper.set_model_props(model, metadata)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _exported(
    network: nn.Module, example: tuple[Tensor, ...], inputs: list[str], axes: dict[str, dict[int, str]]
) -> bytes:
    buffer = io.BytesIO()
    # The older exporter writes no paths or traces of the machine, so that the same weights give the same bytes.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is deprecated, and that some sizes are constant
        torch.onnx.export(
            network.cpu(),
            example,
            buffer,  # type: ignore[arg-type]  # the older exporter takes a file object, which the annotation omits
            dynamo=False,
            opset_version=_OPSET,
            input_names=inputs,
            output_names=[FACE_OUTPUT],
            dynamic_axes=axes,
        )
    return buffer.getvalue()


def _store_halves(graph: onnx.GraphProto) -> None:
    """Store weights as float16, which halves the file; Cast nodes turn them back, so arithmetic stays in float32."""
    casts = []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size >= _MIN_HALVED and np.abs(values).max() < _LARGEST_HALF:
            name, stored = weight.name, f"{weight.name}_half"
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
            casts.append(onnx.helper.make_node("Cast", [stored], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
