"""Faces a second of a generator's ONNX file, and how near that is to what the processor can multiply and add.

    python -m benchmarks.generation [--recipes tiny small paper] [--batch 25] [--rounds 7] [--threads 1]

Untrained weights: speed does not hang on them. The bound is what a float32 matrix product in ONNX Runtime reaches on as
many threads, over the generator's multiply-adds; the stills are looked at once a batch, as `talkshard generate` does.
What is compared takes turns; medians of the rounds.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.timing import seconds_of

_MATRIX = 1024


def main(argv: list[str] | None = None) -> int:
    """Measure and print one JSON line a recipe."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    recipes = ("tiny", "small", "paper")
    parser.add_argument("--recipes", nargs="+", choices=recipes, default=recipes, help="(default: all three)")
    parser.add_argument("--batch", type=int, default=25, help="faces made at once (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="(default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of the network and of the matrix product (default: 1)")
    args = parser.parse_args(argv)
    for name in args.recipes:
        print(json.dumps(measure(name, args.batch, args.rounds, args.threads)), flush=True)
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiplyAdds:
    """Of one face, and of one look at the stills."""

    face: int
    look: int


def measure(recipe_name: str, batch: int, rounds: int, threads: int) -> dict[str, object]:
    """Faces a second, multiply-adds, and the share of the bound that was reached."""
    import numpy as np
    import onnxruntime
    import torch

    from speech2vid.generator.export import export_generator
    from speech2vid.generator.networks import new_generator
    from speech2vid.generator_training.recipes import recipe

    settings = recipe(recipe_name).generator
    generator = new_generator(settings).eval()
    work = multiply_adds(generator)
    with TemporaryDirectory() as folder:
        path = Path(folder, "generator.onnx")
        export_generator(generator, path, recipe_name, settings.kind.target_offset)
        content = path.read_bytes()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    product = onnxruntime.InferenceSession(_product_model(), options, providers=["CPUExecutionProvider"])
    given = {
        "sound": torch.randn(batch, 1, settings.kind.num_channels, settings.kind.window_columns).numpy(),
        "identity": 255 * torch.rand(1, 3 * settings.num_identity, 112, 112).numpy(),
    }
    matrix = np.random.default_rng(0).random((_MATRIX, _MATRIX), np.float32)
    seconds: dict[str, list[float]] = {"network": [], "product": []}
    for _ in range(rounds + 1):
        seconds["network"].append(seconds_of(lambda: session.run(None, given)))
        seconds["product"].append(seconds_of(lambda: product.run(None, {"a": matrix, "b": matrix})))
    network_s, product_s = (median(taken[1:]) for taken in (seconds["network"], seconds["product"]))
    adds_s = _MATRIX**3 / product_s
    bound_s = (batch * work.face + work.look) / adds_s
    return {
        "recipe": recipe_name,
        "batch": batch,
        "threads": threads,
        "faces_per_s": round(batch / network_s, 1),
        "million_multiply_adds_per_face": round(work.face / 1e6),
        "per_look": round(work.look / 1e6),
        "machine_gflop_per_s": round(2 * adds_s / 1e9, 1),
        "share_of_bound": round(bound_s / network_s, 3),
        "parameters_million": round(sum(value.numel() for value in generator.parameters()) / 1e6, 2),
        "file_mb": round(len(content) / 1e6, 2),
    }


def multiply_adds(generator) -> MultiplyAdds:
    """Counted in convolutions and linear layers as they run."""
    import torch
    from torch import nn

    counted: dict[str, int] = {"look": 0, "face": 0}

    def counts(part: str):
        def count(module, given, made) -> None:
            if isinstance(module, nn.Linear):
                counted[part] += made.numel() * module.in_features
            elif isinstance(module, nn.ConvTranspose2d):
                counted[part] += given[0].numel() * module.weight[0].numel()
            else:
                counted[part] += made.numel() * module.weight[0].numel()

        return count

    for name, module in generator.named_modules():
        if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            module.register_forward_hook(counts("look" if name.startswith("identity") else "face"))
    kind = generator.settings.kind
    with torch.no_grad():
        generator.eval()(
            torch.zeros(1, 1, kind.num_channels, kind.window_columns),
            torch.zeros(1, 3 * generator.settings.num_identity, 112, 112),
        )
    return MultiplyAdds(face=counted["face"], look=counted["look"])


def _product_model() -> bytes:
    """Matrices a and b to their product."""
    from onnx import TensorProto, helper

    a, b, c = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [_MATRIX, _MATRIX]) for name in "abc")
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "b"], ["c"])], "product", [a, b], [c])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return model.SerializeToString()


if __name__ == "__main__":
    sys.exit(main())
