import numpy as np
import onnx
import pytest
import torch

from speech2vid.generator.deblurring import Deblurring
from speech2vid.generator.export import export_deblurring, export_generator
from speech2vid.generator.file import AUDIO_INPUT, FACE_OUTPUT, STILLS_INPUT
from speech2vid.generator.networks import Generator
from speech2vid.generator.settings import GeneratorSettings
from transforms.media.onnx_runtime import metadata_of, onnx_session


@pytest.mark.parametrize(
    "changed",
    [{}, {"audio_features": "speech"}, {"decoder": "transposed"}, {"image_px": 112, "residual": True, "film": True}],
)
@pytest.mark.parametrize("rows_of_stills", [1, 3])
def test_the_exported_file_gives_the_same_faces(changed, rows_of_stills, tmp_path):
    torch.manual_seed(0)
    generator = Generator(GeneratorSettings(width=0.05, num_identity=2, **changed)).train()
    features = generator.settings.features
    audio = 10 * torch.randn(3, 1, features.num_channels, features.window_columns)
    identity = 255 * torch.rand(3, 6, 112, 112)
    generator(audio, identity)  # so that batch norm has running statistics
    export_generator(generator, tmp_path / "g.onnx", "tiny", 16)
    identity = identity[:rows_of_stills]
    wanted = generator.eval()(audio, identity).detach().numpy()
    session = onnx_session(str(tmp_path / "g.onnx"))
    found = session.run([FACE_OUTPUT], {AUDIO_INPUT: audio.numpy(), STILLS_INPUT: identity.numpy()})[0]
    assert np.abs(found - wanted).max() < 1 / 255 and wanted.std() > 0.01


def test_the_metadata_describes_the_inputs_and_the_same_weights_give_the_same_bytes(tmp_path):
    generator = Generator(GeneratorSettings(width=0.05, num_identity=1))
    for name in ("a.onnx", "b.onnx"):
        export_generator(generator, tmp_path / name, "small", 12)
    assert metadata_of(onnx.load(tmp_path / "a.onnx")) == {
        "talkshard.num_identity": "1",
        "talkshard.image_px": "112",
        "talkshard.target_offset": "12",
        "talkshard.recipe": "small",
        "talkshard.sound": "mfcc",
    }
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_an_exported_deblurring_network_gives_the_same_faces(tmp_path):
    network, faces = Deblurring(8), torch.rand(3, 3, 112, 112)
    export_deblurring(network, tmp_path / "d.onnx", 112)
    session = onnx_session(str(tmp_path / "d.onnx"))
    found = session.run(None, {session.get_inputs()[0].name: faces.numpy()})[0]
    np.testing.assert_allclose(found, network.eval()(faces).detach().numpy(), atol=1e-4)


def test_weights_are_stored_as_float16(tmp_path):
    generator = Generator(GeneratorSettings(width=0.25))
    export_generator(generator, tmp_path / "g.onnx", "tiny", 16)
    num_weights = sum(value.numel() for value in generator.parameters())
    assert (tmp_path / "g.onnx").stat().st_size < 2.2 * num_weights
