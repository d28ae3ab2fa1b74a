"""Export of trained towers to the one ONNX file that the dataset graph reads."""

import io
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from schemas.clock import COLUMNS_PER_FRAME
from speech2vid.sync_training.towers import NUM_BANDS, SyncTowers
from transforms.speakers.lip_motion import NUM_FEATURES
from transforms.speakers.score_sync import Calibration
from transforms.speakers.speech_encoder import FEATURES_PER_FRAME
from transforms.speakers.speech_encoder import NUM_FEATURES as NUM_SPEECH_FEATURES
from transforms.speakers.sync_network import (
    AUDIO_INPUT,
    AUDIO_OUTPUT,
    CALIBRATION_KEY,
    FACE_INPUT,
    FACE_OUTPUT,
    FEATURES,
    FEATURES_KEY,
    NAME_KEY,
    SPEECH_INPUT,
)

_EXAMPLE_FRAMES = (50, 70)  # of face and audio; unequal, because their time axes are independent
_OPSET = 18


class _Joined(nn.Module):
    """Embeddings of several towers, concatenated to unit length, so that similarities are the mean of the towers'."""

    def __init__(self, pairs: list[SyncTowers]) -> None:
        """Join these pairs of towers."""
        super().__init__()
        self.faces, self.sounds = (nn.ModuleList(getattr(pair, side) for pair in pairs) for side in ("face", "audio"))

    def forward(self, positions_TC: Tensor, columns_TC: Tensor, spoken_TC: Tensor) -> tuple[Tensor, Tensor]:
        """Embeddings (T, E) and (S, E) of positions (T, 192), columns (4 S, 40) and speech features (2 S, 288)."""
        return self._embed(self.faces, positions_TC), self._embed(self.sounds, columns_TC, spoken_TC)

    @staticmethod
    def _embed(towers: nn.ModuleList, *values_TC: Tensor) -> Tensor:
        batch = [value[None] for value in values_TC]
        return torch.cat([tower(*batch)[0] for tower in towers], 1) / len(towers) ** 0.5


def export_towers(pairs: list[SyncTowers], path: Path, name: str, calibration: Calibration | None = None) -> None:
    """Write the network; name, feature version and calibration are stored in the file's metadata."""
    face_frames, audio_frames = _EXAMPLE_FRAMES
    example = (
        torch.zeros(face_frames, NUM_FEATURES),
        torch.zeros(audio_frames * COLUMNS_PER_FRAME, NUM_BANDS),
        torch.zeros(audio_frames * FEATURES_PER_FRAME, NUM_SPEECH_FEATURES),
    )
    buffer = io.BytesIO()
    # The older exporter writes no paths or traces of this machine, so that the same weights give the same bytes.
    torch.onnx.export(
        _Joined(pairs).eval(),
        example,
        buffer,  # type: ignore[arg-type]  # the older exporter takes a file object, which the annotation omits
        dynamo=False,
        opset_version=_OPSET,
        input_names=[FACE_INPUT, AUDIO_INPUT, SPEECH_INPUT],
        output_names=[FACE_OUTPUT, AUDIO_OUTPUT],
        dynamic_axes={
            FACE_INPUT: {0: "face_frames"},
            AUDIO_INPUT: {0: "columns"},
            SPEECH_INPUT: {0: "features"},
            FACE_OUTPUT: {0: "face_frames"},
            AUDIO_OUTPUT: {0: "sound_frames"},
        },
    )
    model = onnx.load_model_from_string(buffer.getvalue())
    metadata = {NAME_KEY: name, FEATURES_KEY: FEATURES}
    onnx.helper.set_model_props(model, metadata | ({CALIBRATION_KEY: calibration.to_json()} if calibration else {}))
    path.write_bytes(model.SerializeToString(deterministic=True))
