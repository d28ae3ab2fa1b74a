"""Multiply-adds of a generator, and the benchmark of its speed."""

import json

from torch import nn

from benchmarks.generation import main, multiply_adds
from speech2vid.generator.networks import Generator
from speech2vid.generator.settings import GeneratorSettings


def test_multiply_adds_are_counted_layer_by_layer():
    generator = Generator(GeneratorSettings(width=0.05, num_identity=1))
    counted = multiply_adds(generator)
    first = generator.identity.first[0]  # 7 x 7, stride 2, 112 px: 53 x 53 places
    assert counted.identity > 53 * 53 * first.weight.numel()
    last = generator.decoder.last
    assert counted.face > 109 * 109 * last.weight.numel()
    wider = multiply_adds(Generator(GeneratorSettings(width=0.1, num_identity=1)))
    assert wider.face >= counted.face and wider.identity >= counted.identity


def test_transposed_convolutions_are_counted_by_their_inputs():
    generator = Generator(GeneratorSettings(width=0.05, num_identity=1, decoder="transposed"))
    shapes = []
    for module in generator.modules():
        if isinstance(module, nn.ConvTranspose2d):
            module.register_forward_hook(lambda layer, inputs, _: shapes.append((layer, inputs[0].shape)))
    counted = multiply_adds(generator)
    transposed = sum(shape.numel() * layer.weight[0].numel() for layer, shape in shapes)
    assert 0 < transposed < counted.face


def test_the_benchmark_prints_one_line(capsys):
    assert main(["--batch", "2", "--rounds", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["faces_per_s"] > 0 and found["share_of_bound"] > 0
    assert found["machine_gflop_per_s"] > 0
