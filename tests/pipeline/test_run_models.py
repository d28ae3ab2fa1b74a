"""Every model that has a part in a run, with its hash and the licence of its weights."""

import hashlib
import shutil
from pathlib import Path

import pytest

from pipeline.config import Recipe
from pipeline.run_models import used_models
from tests.pipeline.made_models import needs_models
from transforms.media.model_licences import BUNDLED, GIVEN, INSIGHTFACE_PACK, file_weights
from transforms.media.models import MODELS, model_path, models_folder
from transforms.speakers.sync_network import DEFAULT_PATH

ROOT = Path(__file__).resolve().parents[2]


def models_of(*settings):
    recipe = Recipe()
    for setting in settings:
        recipe = recipe.with_setting(setting)
    return used_models(recipe)


@pytest.fixture
def given(tmp_path):
    """A file of weights that no table knows."""
    path = tmp_path / "own.onnx"
    path.write_bytes(b"weights")
    return path


def test_the_default_recipe_uses_six_models_each_with_job_hash_and_licence():
    models = models_of()
    assert {name: model["licence"] for name, model in models.items()} == {
        "centerface": "MIT",
        "face_mesh": "Apache-2.0",
        "silero": "MIT",
        "sync network lip_sync.onnx": "research use, mixed data licences",
        "speech_encoder": "MIT",
        "face_recognition": "CC0-1.0",
    }
    assert all(model["job"] and len(model["sha256"]) == 64 for model in models.values())


@pytest.mark.parametrize(
    "card",
    [
        "transforms/speakers/weights/lip_sync.md",
        "speech2vid/weights/motion.md",
        "speech2vid/weights/painter.md",
        "speech2vid/weights/log_mel_judge.md",
    ],
)
def test_the_cards_of_the_bundled_networks_say_the_same_licence(card):
    assert BUNDLED in (ROOT / card).read_text().lower()
    assert file_weights(DEFAULT_PATH, BUNDLED)["licence"] == BUNDLED


def test_the_page_of_models_says_the_same_licences():
    page = (ROOT / "docs" / "models-and-licences.md").read_text()
    assert page.count(BUNDLED) >= 3 and INSIGHTFACE_PACK in page


def test_without_a_sync_network_the_speech_encoder_has_no_part():
    assert "speech_encoder" not in models_of("speakers.network=none")


def test_a_sync_network_of_the_user_has_an_unknown_licence_and_needs_the_speech_encoder(given):
    models = models_of(f"speakers.network={given}")
    assert models["sync network own.onnx"]["licence"] == GIVEN and "speech_encoder" in models
    assert models["sync network own.onnx"]["sha256"] == hashlib.sha256(b"weights").hexdigest()


def test_the_published_syncnet_is_given_by_the_user_and_needs_no_speech_encoder(given):
    models = models_of(f"speakers.network=syncnet:{given}")
    assert models["sync network own.onnx"]["licence"] == GIVEN and "speech_encoder" not in models


def test_a_pyannote_checkpoint_is_named_from_a_file_a_folder_or_the_hub(tmp_path):
    checkpoint = tmp_path / "pytorch_model.bin"
    checkpoint.write_bytes(b"weights")
    for setting in (checkpoint, tmp_path):
        model = models_of(f"speech.model=pyannote:{setting}")["pyannote pytorch_model.bin"]
        assert (model["sha256"], model["licence"]) == (hashlib.sha256(b"weights").hexdigest(), GIVEN)
    models = models_of("speech.model=pyannote:owner/name")
    assert models["pyannote owner/name"]["licence"] == GIVEN
    assert models["pyannote owner/name"]["job"] == "speech in the audio"
    assert models["silero"]["job"] == "which audio stream and channels hold voice"


def test_every_network_of_an_insightface_pack_is_named(tmp_path):
    for name in ("det.onnx", "rec.onnx"):
        (tmp_path / name).write_bytes(name.encode())
    models = models_of(f"faces.detector=insightface:{tmp_path}")
    assert {models[f"insightface {name}"]["licence"] for name in ("det.onnx", "rec.onnx")} == {INSIGHTFACE_PACK}


def test_a_copy_of_the_bundled_sync_network_has_its_licence(tmp_path):
    copied = shutil.copy(DEFAULT_PATH, tmp_path / "copy.onnx")
    assert models_of(f"speakers.network={copied}")["sync network copy.onnx"]["licence"] == BUNDLED


@needs_models
def test_the_text_beside_installed_weights_names_the_licence_of_the_table():
    for name, model in MODELS.items():
        if (models_folder() / model.file_name).is_file():
            heading = (models_folder() / f"{name}.LICENSE").read_text().splitlines()[0]
            assert heading == f"{name}: weights under {model.licence}, see {model.licence_url}"


@needs_models
def test_a_file_with_the_bytes_of_a_pinned_model_has_its_licence():
    assert file_weights(Path(model_path("blazeface")))["licence"] == "Apache-2.0"


def test_the_recogniser_and_its_licences_are_named_where_clips_are_transcribed():
    names = {"speech_decoder", "speech_tokens"}
    with_text = used_models(Recipe().with_setting("transcripts.recogniser=moonshine"))
    assert names <= with_text.keys() and not names & used_models(Recipe()).keys()
    assert {with_text[name]["licence"] for name in names} == {"MIT"}
