"""The painter's ONNX file: its metadata, and the painted part of a face, without torch."""

import hashlib
from pathlib import Path

import numpy as np

from schemas.errors import UsageError
from speech2vid.generator.file import KIND_KEY, RECIPE_KEY, onnx_model, read_weights
from speech2vid.rendering.painter_input import NUM_PLANES, PART_PX, PainterInput
from transforms.media.onnx_runtime import metadata_of, onnx_session

PLANES_KEY, PART_KEY = (f"talkshard.{name}" for name in ("painter_planes", "painter_part_px"))
"""Metadata keys."""
KIND = "painter"
PLANES_INPUT, COLOURS_OUTPUT, ALPHA_OUTPUT = "planes", "colours", "alpha"
"""Input and outputs of the network."""
DEFAULT_PATH = Path(__file__).parents[1] / "weights" / "painter.onnx"
"""The bundled painter."""
_HINT = "give the painter.onnx that `talkshard train --recipe tiny` wrote"


class PainterFile:
    """A painter that runs in ONNX Runtime."""

    def __init__(self, path: Path = DEFAULT_PATH) -> None:
        """Load a file that `talkshard train` wrote; UsageError when it is something else."""
        content = read_weights(path, _HINT)
        self.sha256, self.name = hashlib.sha256(content).hexdigest(), path.name
        metadata = metadata_of(onnx_model(content, path, _HINT))
        expected = {KIND_KEY: KIND, PLANES_KEY: str(NUM_PLANES), PART_KEY: str(PART_PX)}
        for key, value in expected.items():
            if metadata.get(key) != value:
                raise UsageError(f"{path} is not a painter of this version: its {key} is {metadata.get(key)}; {_HINT}")
        self.recipe = metadata.get(RECIPE_KEY, "")
        self._session = onnx_session(content)

    def paint(self, seen: PainterInput) -> tuple[np.ndarray, np.ndarray]:
        """Paint one frame: colours float32 (P, P, 3), 0..255, and how much of them is taken, float32 (P, P), 0..1."""
        inputs = {PLANES_INPUT: seen.planes[None]}
        colours, alpha = self._session.run([COLOURS_OUTPUT, ALPHA_OUTPUT], inputs)
        return colours[0].transpose(1, 2, 0) * 255, alpha[0, 0]
