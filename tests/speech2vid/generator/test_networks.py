import pytest
import torch

from schemas.errors import UsageError
from speech2vid.generator.layers import scaled
from speech2vid.generator.networks import Generator
from speech2vid.generator.settings import GeneratorSettings


def small_generator(**settings) -> Generator:
    return Generator(GeneratorSettings(**{"width": 0.05, "num_identity": 2} | settings))


def _sizes(network, names, *inputs) -> list[tuple[int, ...]]:
    """Shapes, without the batch, of modules' outputs."""
    found, modules = [], dict(network.named_modules())
    hooks = [modules[name].register_forward_hook(lambda _, __, x: found.append(tuple(x.shape[1:]))) for name in names]
    network.eval()(*inputs)
    for hook in hooks:
        hook.remove()
    return found


def _count(network) -> int:
    return sum(value.numel() for value in network.parameters())


@pytest.fixture(scope="module")
def given():
    torch.manual_seed(0)
    return torch.randn(4, 1, 12, 35), 255 * torch.rand(4, 6, 112, 112)


@pytest.fixture(scope="module")
def published():
    return Generator()


def test_the_published_graph_has_its_parameters(published):
    assert round(_count(published) / 1e6, 2) == 28.05
    parts = published.audio, published.identity, published.decoder
    assert [round(_count(part) / 1e6, 2) for part in parts] == [6.93, 16.16, 4.96]


def test_the_published_audio_encoder_has_its_shapes(published):
    names = [f"layers.{number}" for number in (0, 1, 3, 4, 5, 6, 7, 8, 9)]
    assert _sizes(published.audio, names, torch.zeros(1, 1, 12, 35)) == [
        (64, 12, 35),
        (128, 12, 35),
        (128, 11, 17),
        (256, 11, 17),
        (256, 11, 17),
        (256, 11, 17),
        (256, 5, 8),
        (512, 1, 1),
        (256, 1, 1),
    ]


def test_the_published_identity_encoder_has_its_shapes(published):
    names = ["first", "pool1", "second", "pool2", "third", "fourth", "fifth", "last.0", "last.1"]
    assert _sizes(published.identity, names, torch.zeros(1, 15, 112, 112)) == [
        (96, 53, 53),
        (96, 26, 26),
        (256, 12, 12),
        (256, 6, 6),
        (512, 6, 6),
        (512, 6, 6),
        (512, 6, 6),
        (512, 1, 1),
        (256, 1, 1),
    ]


@pytest.mark.parametrize("decoder", ["upsample", "transposed"])
def test_the_published_decoder_has_its_shapes(decoder):
    names = ["decoder.first", *(f"decoder.layers.{number}" for number in range(9)), "decoder.last"]
    found = _sizes(
        Generator(GeneratorSettings(decoder=decoder)), names, torch.zeros(1, 1, 12, 35), torch.zeros(1, 15, 112, 112)
    )
    assert found == [
        (128, 1, 1),
        (128, 2, 2),
        (256, 4, 4),
        (512, 6, 6),
        (256, 12, 12),
        (256, 24, 24),
        (96, 26, 26),
        (96, 53, 53),
        (64, 107, 107),
        (32, 108, 108),
        (3, 109, 109),
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"decoder": "transposed"},
        {"skips": False},
        {"image_px": 112},
        {"image_px": 112, "decoder": "transposed"},
        {"residual": True, "film": True, "leaky": True},
    ],
)
def test_every_variant_gives_faces_in_range(changed, given):
    generator = small_generator(**changed).eval()
    faces = generator(*given)
    side = changed.get("image_px", 109)
    assert faces.shape == (4, 3, side, side) and 0 <= faces.min() and faces.max() <= 1


def test_one_still_is_enough(given):
    assert small_generator(num_identity=1).eval()(given[0], given[1][:, :3]).shape == (4, 3, 109, 109)


def test_skip_connections_bring_detail_of_the_stills_to_the_face():
    """Without them the stills reach the face only through their code."""
    assert _count(small_generator()) > _count(small_generator(skips=False))


def test_stills_given_once_for_several_audio_windows_give_the_same_faces(given):
    mfcc, identity = given
    generator = small_generator().eval()
    every = identity[:2].repeat_interleave(2, 0)
    torch.testing.assert_close(generator(mfcc, identity[:2]), generator(mfcc, every))


def test_an_untrained_residual_generator_gives_nearly_the_mean_still(given):
    generator = small_generator(residual=True, image_px=112)
    faces = generator.train()(*given)  # in training, since batch norm has no running statistics yet
    mean = given[1].unflatten(1, (2, 3)).mean(1) / 255
    assert (faces - mean).abs().mean() < 0.1


def test_no_layer_gets_so_few_channels_that_all_can_die():
    assert [scaled(32, 0.25), scaled(512, 0.25), scaled(512, 1.0)] == [16, 128, 512]


def test_without_settings_the_generator_is_the_published_one(published):
    assert published.settings == GeneratorSettings()


def test_a_generator_keeps_its_settings():
    settings = GeneratorSettings(width=0.05, skips=False, film=True)
    assert Generator(settings).settings == settings


@pytest.mark.parametrize("image_px", [64, 125, 128, 224, 253, 256])
def test_the_graph_makes_faces_of_other_sizes(image_px):
    """Stills are as large, or 3 px larger; the skips fit at each of them."""
    generator = small_generator(image_px=image_px).eval()
    still_px = 16 * -(-image_px // 16)
    assert generator.settings.still_px == still_px
    faces = generator(torch.zeros(2, 1, 12, 35), torch.rand(2, 6, still_px, still_px))
    assert faces.shape == (2, 3, image_px, image_px)


def test_transposed_convolutions_make_other_sizes_too():
    generator = small_generator(image_px=64, decoder="transposed").eval()
    assert generator(torch.zeros(2, 1, 12, 35), torch.rand(2, 6, 64, 64)).shape == (2, 3, 64, 64)


def test_a_larger_graph_has_the_published_parameters(published):
    larger = Generator(GeneratorSettings(image_px=253))
    assert {name: value.shape for name, value in larger.named_parameters()} == {
        name: value.shape for name, value in published.named_parameters()
    }


@pytest.mark.parametrize(
    "wrong", [{"width": 0}, {"num_identity": 0}, {"decoder": "pixel"}, {"image_px": 110}, {"image_px": 48}]
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError):
        GeneratorSettings(**wrong)
