"""Export of a trained painter to the ONNX file that PainterFile reads without torch."""

from pathlib import Path

import torch

from speech2vid.generator.file import KIND_KEY, RECIPE_KEY
from speech2vid.generator.onnx_export import write_onnx
from speech2vid.painter_training.network import Painter
from speech2vid.rendering.painter_file import ALPHA_OUTPUT, COLOURS_OUTPUT, KIND, PART_KEY, PLANES_INPUT, PLANES_KEY
from speech2vid.rendering.painter_input import NUM_PLANES, PART_PX


def export_painter(painter: Painter, path: Path, recipe: str) -> None:
    """Write an ONNX file: planes (B, 19, P, P) to colours (B, 3, P, P) and alpha (B, 1, P, P), all 0..1."""
    metadata = {KIND_KEY: KIND, RECIPE_KEY: recipe, PLANES_KEY: str(NUM_PLANES), PART_KEY: str(PART_PX)}
    names = (PLANES_INPUT, COLOURS_OUTPUT, ALPHA_OUTPUT)
    axes = {name: {0: "frames"} for name in names}
    example = (torch.zeros(1, NUM_PLANES, PART_PX, PART_PX),)
    write_onnx(painter.eval(), example, [names[0]], list(names[1:]), axes, metadata, path)
