import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from scipy.io import savemat

from schemas.errors import UsageError
from speech2vid.generator.face_features import load_face_features
from speech2vid.generator.networks import Generator
from speech2vid.generator.settings import GeneratorSettings
from speech2vid.generator.vgg_m import read_vgg_m, start_identity_encoder
from transforms.media.models import model_path
from transforms.media.onnx_runtime import part_session

RANDOM = np.random.default_rng(0)
CHANNELS = (3, 96, 256, 512, 512, 512)
SIDES = (7, 5, 3, 3, 3)


@pytest.fixture(scope="module")
def filters():
    """Filters of five convolutions in MatConvNet's order: height, width, in, out."""
    return [
        RANDOM.normal(0, 0.01, (side, side, given, channels)).astype(np.float32)
        for side, given, channels in zip(SIDES, CHANNELS, CHANNELS[1:], strict=False)
    ]


def test_centerface_gives_five_maps_that_shrink_by_half():
    network = load_face_features("centerface")
    assert [found.shape[-1] for found in network(torch.rand(2, 3, 112, 112))] == [56, 28, 14, 7, 4]


def test_torch_gives_what_onnx_runtime_gives():
    network, faces = load_face_features("centerface"), torch.rand(10, 3, 32, 32)
    model = onnx.load(model_path("centerface"))
    name = network._kept[2]
    model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    resized = torch.nn.functional.interpolate(faces, (112, 112), mode="bilinear", align_corners=False) * 255
    for value in model.graph.input:
        if value.name == "input.1":
            value.type.tensor_type.shape.dim[2].dim_value = value.type.tensor_type.shape.dim[3].dim_value = 112
    del model.graph.value_info[:]
    wanted = part_session(model, ["input.1"], name).run(None, {"input.1": resized.numpy()})[0]
    np.testing.assert_allclose(network(faces)[2].numpy(), wanted, rtol=1e-3, atol=1e-3 * wanted.max())


def test_the_features_are_differentiable():
    faces = torch.rand(1, 3, 112, 112, requires_grad=True)
    load_face_features("centerface")(faces)[4].sum().backward()
    assert faces.grad.abs().sum() > 0


def test_a_network_with_maps_of_one_size_only_is_refused(tmp_path):
    weights = numpy_helper.from_array(np.zeros((4, 3, 3, 3), np.float32), "w")
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"]), helper.make_node("Relu", ["y"], ["z"])]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 112, 112])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
        [weights],
    )
    onnx.save(helper.make_model(graph), tmp_path / "face.onnx")
    with pytest.raises(UsageError, match="1 sizes"):
        load_face_features(str(tmp_path / "face.onnx"))


def test_an_error_names_a_missing_face_network():
    with pytest.raises(UsageError, match="nowhere"):
        load_face_features("nowhere.mat")


def _layers_file(path, filters):
    layers = np.empty(len(filters), object)
    for number, kernels in enumerate(filters):
        layers[number] = {
            "type": "conv",
            "name": f"conv{number + 1}",
            "weights": np.array([kernels, np.full(kernels.shape[3], number)], object),
        }
    savemat(path, {"layers": layers})
    return path


def _params_file(path, filters):
    values = [(f"conv{number}f", kernels) for number, kernels in enumerate(filters, 1)]
    values += [(f"conv{number}b", np.full(kernels.shape[3], number - 1)) for number, kernels in enumerate(filters, 1)]
    values += [
        ("bn1f", np.full(96, 2.0)),
        ("bn1b", np.full(96, 0.5)),
        ("bn1m", np.column_stack([np.full(96, 7.0), np.full(96, 3.0)])),
    ]
    params = np.empty(len(values), object)
    params[:] = [{"name": name, "value": value} for name, value in values]
    savemat(path, {"net": {"params": params}})
    return path


@pytest.mark.parametrize("write", [_layers_file, _params_file])
def test_both_published_file_layouts_can_be_read(write, tmp_path, filters):
    weights = read_vgg_m(write(tmp_path / "vgg.mat", filters))
    np.testing.assert_array_equal(weights["conv2.weight"].numpy(), filters[1].transpose(3, 2, 0, 1))
    assert float(weights["conv3.bias"][0]) == 2


def test_vgg_m_gives_the_papers_five_maps(tmp_path, filters):
    network = load_face_features(str(_layers_file(tmp_path / "vgg.mat", filters)))
    assert [tuple(found.shape[1:]) for found in network(torch.rand(1, 3, 112, 112))] == [
        (96, 53, 53),
        (256, 12, 12),
        (512, 6, 6),
        (512, 6, 6),
        (512, 6, 6),
    ]


def test_batch_norm_in_the_file_is_applied(tmp_path, filters):
    faces = torch.rand(1, 3, 112, 112)
    plain = load_face_features(str(_layers_file(tmp_path / "plain.mat", filters)))(faces)[0]
    normed = load_face_features(str(_params_file(tmp_path / "normed.mat", filters)))(faces)[0]
    convolved = plain[plain > 0]
    torch.testing.assert_close(normed[plain > 0], ((convolved - 7) / 3 * 2 + 0.5).clamp(min=0), rtol=1e-3, atol=1e-3)


def test_the_identity_encoder_is_initialised_with_vgg_m(tmp_path, filters):
    """Five equal stills give the same first map as one still in VGG-M."""
    path = _layers_file(tmp_path / "vgg.mat", filters)
    generator = Generator(GeneratorSettings(num_identity=5))
    start_identity_encoder(generator.identity, path)
    still = 255 * torch.rand(1, 3, 112, 112)
    wanted = torch.nn.functional.conv2d(still, read_vgg_m(path)["conv1.weight"], None, 2)
    torch.testing.assert_close(generator.identity.first[0](still.repeat(1, 5, 1, 1)), wanted, rtol=1e-3, atol=1e-2)


def test_a_narrow_identity_encoder_cannot_be_initialised_with_vgg_m(tmp_path, filters):
    path = _layers_file(tmp_path / "vgg.mat", filters)
    with pytest.raises(UsageError, match="full width"):
        start_identity_encoder(Generator(GeneratorSettings(width=0.25)).identity, path)


def test_a_file_with_other_weights_is_refused(tmp_path):
    save_file({"conv1.weight": torch.zeros(8, 3, 3, 3)}, tmp_path / "other.safetensors")
    with pytest.raises(UsageError, match="conv1 has shape"):
        read_vgg_m(tmp_path / "other.safetensors")
