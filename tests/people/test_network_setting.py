"""--people: which network finds the people, and what is said where it is none."""

import argparse
import os

import pytest

from pipeline.preflight import preflight
from pipeline.recipe_options import add_recipe_options, chosen_recipe
from pipeline.run_models import used_models
from schemas.errors import UsageError
from tests.people.made_clips import write_colour_network
from tests.pipeline.made_models import needs_models
from transforms.media.models import model_sha256
from transforms.people.config import ARCFACE_DISTANCE, DLIB_DISTANCE, PeopleConfig
from transforms.people.face_networks import face_network_weights, load_face_network


def recipe_of(*argv):
    parser = argparse.ArgumentParser()
    add_recipe_options(parser)
    return chosen_recipe(parser.parse_args(argv))


def test_dlib_is_the_default_and_its_licence_is_in_the_record():
    assert recipe_of().people == PeopleConfig() and PeopleConfig().network == "dlib"
    facts = used_models(recipe_of())["face_recognition"]
    assert (facts["licence"], facts["sha256"]) == ("CC0-1.0", model_sha256("face_recognition"))


def test_none_uses_no_model():
    assert not recipe_of("--people", "none").people.is_on
    assert "face_recognition" not in used_models(recipe_of("--people", "none"))


def test_a_file_and_a_pack_become_absolute_and_have_their_licences(tmp_path, monkeypatch):
    write_colour_network(tmp_path / "pack.onnx")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack.onnx").rename(tmp_path / "pack" / "colour.onnx")
    assert recipe_of("--people", "pack").people.network == os.fspath(tmp_path / "pack")
    file = os.fspath(tmp_path / "pack" / "colour.onnx")
    assert recipe_of("--people", "pack/colour.onnx").people.network == file
    licences = [
        face_network_weights(one)["face recognition colour.onnx"]["licence"] for one in (file, str(tmp_path / "pack"))
    ]
    assert licences == ["given by you: licence unknown", "non-commercial research"]


def test_each_network_has_its_own_distance():
    assert PeopleConfig().distance == DLIB_DISTANCE and PeopleConfig(network="a.onnx").distance == ARCFACE_DISTANCE
    assert PeopleConfig(max_distance=0.3).distance == 0.3


@pytest.mark.parametrize("setting", ["people.faces=0", "people.max_distance=0", "people.max_distance=3"])
def test_a_setting_out_of_its_range_is_refused(setting):
    with pytest.raises(UsageError, match=setting.partition("=")[0]):
        recipe_of("--set", setting)


@needs_models
@pytest.mark.parametrize(
    "name, line", [("none.onnx", "cannot read the network"), ("empty", "has no face recognition network")]
)
def test_what_is_no_recognition_network_is_refused_before_any_work(tmp_path, name, line):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=f"{line}.*--people takes dlib"):
        preflight(recipe_of("--people", str(tmp_path / name)))


@needs_models
def test_dlib_gives_the_same_numbers_for_the_same_face():
    import numpy as np

    from tests.people.made_clips import MESH_UNIT, PX, frontal_mesh

    network = load_face_network("dlib")
    mesh = frontal_mesh() * (PX / MESH_UNIT)
    noise = np.random.default_rng(0).integers(0, 255, (2, PX, PX, 3), np.uint8)
    one, other = (network.embed(face, mesh) for face in noise)
    assert one.shape == (128,) and network.distance(one, other) > 0
    np.testing.assert_array_equal(network.embed(noise[0], mesh), one)
