"""What a generator's work is counted as."""

import json

from torch import nn

from benchmarks.generation import main, multiply_adds
from speech2vid.generator.networks import Generator


def test_work_is_counted_as_the_layers_define_it():
    generator = Generator(width=0.05, num_identity=1)
    counted = multiply_adds(generator)
    first = generator.identity.first[0]  # 7 x 7, stride 2, 112 px: 53 x 53 places
    assert counted.look > 53 * 53 * first.weight.numel()
    last = generator.decoder.last
    assert counted.face > 109 * 109 * last.weight.numel()
    wider = multiply_adds(Generator(width=0.1, num_identity=1))
    assert wider.face >= counted.face and wider.look >= counted.look


def test_transposed_convolutions_count_each_of_their_inputs():
    generator = Generator(width=0.05, num_identity=1, decoder="transposed")
    shapes = []
    for module in generator.modules():
        if isinstance(module, nn.ConvTranspose2d):
            module.register_forward_hook(lambda own, given, _: shapes.append((own, given[0].shape)))
    counted = multiply_adds(generator)
    transposed = sum(shape.numel() * own.weight[0].numel() for own, shape in shapes)
    assert 0 < transposed < counted.face


def test_one_line_a_recipe_with_speed_and_share(capsys):
    assert main(["--recipes", "tiny", "--batch", "2", "--rounds", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["recipe"] == "tiny" and found["faces_per_s"] > 0 and found["share_of_bound"] > 0
    assert found["machine_gflop_per_s"] > 0
