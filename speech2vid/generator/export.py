"""Export of trained networks to the ONNX files that `talkshard generate` reads without torch."""

from pathlib import Path

import torch
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
from speech2vid.generator.onnx_export import write_onnx
from speech2vid.reader.audio_features import SPEECH
from transforms.media.models import model_sha256
from transforms.speakers.speech_encoder import MODEL as SPEECH_MODEL


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
    inputs = [AUDIO_INPUT, STILLS_INPUT]
    write_onnx(_SharedStills(generator.eval()), example, inputs, [FACE_OUTPUT], axes, metadata, path)


def export_deblurring(network: Deblurring, path: Path, image_px: int) -> None:
    """Write input `blurred` and output `face`, both (B, 3, S, S), RGB in 0..1; S: image_px."""
    axes = {"blurred": {0: "faces"}, FACE_OUTPUT: {0: "faces"}}
    example = (torch.zeros(1, 3, image_px, image_px),)
    write_onnx(network.eval(), example, ["blurred"], [FACE_OUTPUT], axes, {}, path)
