import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from schemas.errors import UsageError
from tests.speakers.made_windows import tube_file_of
from transforms.speakers.score_sync import Calibration
from transforms.speakers.sync_network import CALIBRATION_KEY, DEFAULT_PATH, audio_columns, load_sync_network
from transforms.speakers.sync_scores import measure, similarity, sync_curve

RANDOM = np.random.default_rng(0)
MESH = np.clip(RANDOM.normal(0, 3000, (1, 468, 3)) + RANDOM.normal(0, 60, (80, 468, 3)), -32768, 32767).astype(np.int16)
SAMPLES = RANDOM.integers(-8000, 8000, 640 * 80, dtype=np.int16)


@pytest.fixture(scope="module")
def network():
    return load_sync_network("default")


def embed_face(network, mesh):
    return network.embed_face(tube_file_of(mesh), "t00")


@pytest.mark.parametrize("num_frames", [1, 2, 25, 80])
def test_each_tower_gives_one_unit_vector_per_frame(network, num_frames):
    for embedded in (embed_face(network, MESH[:num_frames]), network.embed_audio(SAMPLES[: 640 * num_frames])):
        assert embedded.shape == (num_frames, 128) and embedded.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(embedded, axis=1), 1, rtol=1e-5)


def test_face_and_audio_may_be_of_unequal_length(network):
    assert similarity(embed_face(network, MESH[:30]), network.embed_audio(SAMPLES)).shape == (30, 31)


def test_the_same_input_gives_the_same_bits_in_a_second_session(network):
    again = load_sync_network("default")
    np.testing.assert_array_equal(embed_face(again, MESH), embed_face(network, MESH))
    np.testing.assert_array_equal(again.embed_audio(SAMPLES), network.embed_audio(SAMPLES))


def test_the_bundled_network_is_small_and_named(network):
    assert DEFAULT_PATH.stat().st_size < 5_000_000
    assert network.name == "lip_sync" and len(network.sha256) == 64


def test_its_card_names_the_file_next_to_it(network):
    assert network.sha256 in DEFAULT_PATH.with_suffix(".md").read_text()


def test_a_face_far_from_the_cut_has_the_same_embedding_in_a_longer_track(network):
    still = np.repeat(MESH, 6, axis=0)
    whole, part = embed_face(network, still), embed_face(network, still[100:400])
    np.testing.assert_allclose(whole[170:330], part[70:230], atol=1e-4)


def test_digital_silence_gives_no_peak(network):
    curve = sync_curve(similarity(embed_face(network, MESH), network.embed_audio(np.zeros_like(SAMPLES))))
    assert np.isfinite(curve).all() and measure(curve).confidence < 0.2


def test_similarity_is_the_dot_product_of_each_pair(network):
    face, audio = embed_face(network, MESH[:7]), network.embed_audio(SAMPLES[: 640 * 7])
    np.testing.assert_allclose(network.similarity(face, audio), np.diag(face @ audio.T), atol=1e-6)
    assert np.isnan(network.similarity(np.full_like(face, np.nan), audio)).all()


def with_calibration(path, text):
    """The bundled network with this text as its calibration; None: without one."""
    model = onnx.load(DEFAULT_PATH)
    kept = {entry.key: entry.value for entry in model.metadata_props if entry.key != CALIBRATION_KEY}
    helper.set_model_props(model, kept if text is None else kept | {CALIBRATION_KEY: text})
    onnx.save(model, path)
    return str(path)


def test_a_calibration_in_the_file_is_read(tmp_path):
    calibration = Calibration(weights=(1.5, 0.25, 0.5, -1.0, -2.0, 0.75, 0.0), offset=0.5)
    path = with_calibration(tmp_path / "one.onnx", calibration.to_json())
    assert load_sync_network(path).calibration == calibration


def test_a_file_without_calibration_has_none(tmp_path):
    assert load_sync_network(with_calibration(tmp_path / "none.onnx", None)).calibration is None


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]"])
def test_a_calibration_that_cannot_be_read_gets_one_line(tmp_path, text):
    with pytest.raises(UsageError, match=r"bad\.onnx holds a calibration.*train-sync"):
        load_sync_network(with_calibration(tmp_path / "bad.onnx", text))


def test_there_are_four_audio_columns_per_frame():
    assert audio_columns(SAMPLES).shape == (320, 40)


@pytest.mark.parametrize("samples", [SAMPLES[:-1], SAMPLES.astype(np.float32)])
def test_audio_of_another_length_or_type_is_refused(samples):
    with pytest.raises(ValueError, match="int16"):
        audio_columns(samples)


def foreign_model() -> bytes:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "g",
        [value],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
    )
    return helper.make_model(graph).SerializeToString()


@pytest.mark.parametrize(
    "content",
    [b"", b"not a network", b"\x00" * 100, foreign_model()],
    ids=["empty", "text", "zeros", "another network"],
)
def test_a_file_that_is_not_a_sync_network_gets_one_line_that_names_it(tmp_path, content):
    path = tmp_path / "other.onnx"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"other\.onnx.*train-sync") as caught:
        load_sync_network(str(path))
    assert "\n" not in str(caught.value)


def test_a_network_of_other_features_is_refused(tmp_path):
    model = onnx.load(DEFAULT_PATH)
    for entry in model.metadata_props:
        entry.value = entry.value.replace("lip_motion 1", "lip_motion 0")
    onnx.save(model, tmp_path / "old.onnx")
    with pytest.raises(UsageError, match="lip_motion 0"):
        load_sync_network(str(tmp_path / "old.onnx"))


@pytest.mark.parametrize("path", ["nowhere.onnx", "."])
def test_a_file_that_cannot_be_read_gets_one_line(path):
    with pytest.raises(UsageError, match="cannot read the sync network"):
        load_sync_network(path)
