"""Faces per second of the published generator's ONNX file, and how close that is to the speed of a matrix product.

    python -m benchmarks.generation [--batch 25] [--rounds 7] [--threads 1]

The weights are untrained, which does not change the speed. The bound is the time that the generator's multiply-adds
would take at the speed of a float32 matrix product in ONNX Runtime on as many threads. As in `talkshard generate`, the
stills are encoded once per batch. Network and product are timed in turns; the numbers are medians of the rounds.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper
from torch import Tensor, nn

from benchmarks.timing import seconds_of
from speech2vid.generator.export import export_generator
from speech2vid.generator.file import AUDIO_INPUT, STILLS_INPUT
from speech2vid.generator.networks import Generator

_MATRIX = 1024


def main(argv: list[str] | None = None) -> int:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=25, help="faces generated at once (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="(default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of the network and of the matrix product (default: 1)")
    args = parser.parse_args(argv)
    print(json.dumps(measure(Generator(), args.batch, args.rounds, args.threads)), flush=True)
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiplyAdds:
    """Multiply-adds of one generated face, and of encoding the stills once."""

    face: int
    identity: int


def measure(generator: Generator, batch: int, rounds: int, threads: int) -> dict[str, object]:
    """Faces per second, multiply-adds, and the share of the bound that was reached."""
    work = multiply_adds(generator.eval())
    content = _onnx_file(generator)
    network_s, product_s = _median_seconds(
        [_network_run(content, generator, batch, threads), _product_run(threads)], rounds
    )
    adds_per_s = _MATRIX**3 / product_s
    bound_s = (batch * work.face + work.identity) / adds_per_s
    return {
        "batch": batch,
        "threads": threads,
        "faces_per_s": round(batch / network_s, 1),
        "million_multiply_adds_per_face": round(work.face / 1e6),
        "million_multiply_adds_per_identity": round(work.identity / 1e6),
        "machine_gflop_per_s": round(2 * adds_per_s / 1e9, 1),
        "share_of_bound": round(bound_s / network_s, 3),
        "parameters_million": round(sum(value.numel() for value in generator.parameters()) / 1e6, 2),
        "file_mb": round(len(content) / 1e6, 2),
    }


def multiply_adds(generator: Generator) -> MultiplyAdds:
    """Count the multiply-adds of convolutions and linear layers in one run of the generator."""
    counted = {"identity": 0, "face": 0}

    def count_in(part: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            counted[part] += _layer_multiply_adds(module, inputs[0], output)

        return count

    for name, module in generator.named_modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            module.register_forward_hook(count_in("identity" if name.startswith("identity") else "face"))
    settings = generator.settings
    with torch.no_grad():
        generator.eval()(
            torch.zeros(1, 1, settings.features.num_channels, settings.features.window_columns),
            torch.zeros(1, 3 * settings.num_identity, settings.still_px, settings.still_px),
        )
    return MultiplyAdds(face=counted["face"], identity=counted["identity"])


def _layer_multiply_adds(module: nn.Module, x: Tensor, output: Tensor) -> int:
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    if isinstance(module, nn.ConvTranspose2d):
        return x.numel() * module.weight[0].numel()
    return output.numel() * module.weight[0].numel()


def _onnx_file(generator: Generator) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "generator.onnx")
        export_generator(generator, path, "paper", generator.settings.features.target_offset)
        return path.read_bytes()


def _network_run(content: bytes, generator: Generator, batch: int, threads: int) -> Callable[[], object]:
    settings, features = generator.settings, generator.settings.features
    inputs = {
        AUDIO_INPUT: torch.randn(batch, 1, features.num_channels, features.window_columns).numpy(),
        STILLS_INPUT: 255 * torch.rand(1, 3 * settings.num_identity, settings.still_px, settings.still_px).numpy(),
    }
    return _run(content, inputs, threads)


def _product_run(threads: int) -> Callable[[], object]:
    matrix = np.random.default_rng(0).random((_MATRIX, _MATRIX), np.float32)
    return _run(_product_model(), {"a": matrix, "b": matrix}, threads)


def _run(content: bytes, inputs: dict[str, np.ndarray], threads: int) -> Callable[[], object]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, inputs)


def _median_seconds(works: list[Callable[[], object]], rounds: int) -> list[float]:
    """Median seconds of each, timed in turns; the first round is not counted."""
    seconds = [[seconds_of(work) for work in works] for _ in range(rounds + 1)]
    return [median(taken) for taken in zip(*seconds[1:], strict=True)]


def _product_model() -> bytes:
    """ONNX model of the product of the matrices a and b."""
    a, b, c = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [_MATRIX, _MATRIX]) for name in "abc")
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "b"], ["c"])], "product", [a, b], [c])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return model.SerializeToString()


if __name__ == "__main__":
    sys.exit(main())
