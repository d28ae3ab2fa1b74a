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
    LOG_MEL_FEATURES,
    NAME_KEY,
    SPEECH_INPUT,
)

_EXAMPLE_FRAMES = (50, 70)  # of face and audio; unequal, because their time axes are independent
_OPSET = 18
_TIME_AXES = {
    FACE_INPUT: "face_frames",
    AUDIO_INPUT: "columns",
    SPEECH_INPUT: "features",
    FACE_OUTPUT: "face_frames",
    AUDIO_OUTPUT: "sound_frames",
}


class _Joined(nn.Module):
    """Embeddings of several towers, concatenated to unit length, so that similarities are the mean of the towers'."""

    def __init__(self, pairs: list[SyncTowers]) -> None:
        """Join these pairs of towers."""
        super().__init__()
        self.faces, self.sounds = (nn.ModuleList(getattr(pair, side) for pair in pairs) for side in ("face", "audio"))

    def forward(self, positions_TC: Tensor, *audio_TC: Tensor) -> tuple[Tensor, Tensor]:
        """Embeddings (T, E) and (S, E) of positions (T, 192), and of columns (4 S, 40) and speech features (2 S, 288).

        Towers that take log-mel columns alone are given no speech features.
        """
        return self._embed(self.faces, positions_TC), self._embed(self.sounds, *audio_TC)

    @staticmethod
    def _embed(towers: nn.ModuleList, *values_TC: Tensor) -> Tensor:
        batch = [value[None] for value in values_TC]
        return torch.cat([tower(*batch)[0] for tower in towers], 1) / len(towers) ** 0.5


def export_towers(pairs: list[SyncTowers], path: Path, name: str, calibration: Calibration | None = None) -> None:
    """Write the network; name, feature version and calibration are stored in the file's metadata."""
    log_mel_only = pairs[0].audio.spoken is None
    inputs, outputs = _example_inputs(), [FACE_OUTPUT, AUDIO_OUTPUT]
    if log_mel_only:
        del inputs[SPEECH_INPUT]
    buffer = io.BytesIO()
    # The older exporter writes no paths or traces of this machine, so that the same weights give the same bytes.
    torch.onnx.export(
        _Joined(pairs).eval(),
        tuple(inputs.values()),
        buffer,  # type: ignore[arg-type]  # the older exporter takes a file object, which the annotation omits
        dynamo=False,
        opset_version=_OPSET,
        input_names=list(inputs),
        output_names=outputs,
        dynamic_axes={name: {0: time} for name, time in _TIME_AXES.items() if name in inputs or name in outputs},
    )
    model = onnx.load_model_from_string(buffer.getvalue())
    metadata = {NAME_KEY: name, FEATURES_KEY: LOG_MEL_FEATURES if log_mel_only else FEATURES}
    onnx.helper.set_model_props(model, metadata | ({CALIBRATION_KEY: calibration.to_json()} if calibration else {}))
    path.write_bytes(model.SerializeToString(deterministic=True))


def _example_inputs() -> dict[str, Tensor]:
    face_frames, audio_frames = _EXAMPLE_FRAMES
    return {
        FACE_INPUT: torch.zeros(face_frames, NUM_FEATURES),
        AUDIO_INPUT: torch.zeros(audio_frames * COLUMNS_PER_FRAME, NUM_BANDS),
        SPEECH_INPUT: torch.zeros(audio_frames * FEATURES_PER_FRAME, NUM_SPEECH_FEATURES),
    }
