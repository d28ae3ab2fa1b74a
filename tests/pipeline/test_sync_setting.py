"""--sync syncnet:FILE: its confidence threshold, and the converted file that workers load."""

import argparse
import os
import pickle

import pytest
import torch

from pipeline.config import Recipe
from pipeline.preflight import _ready_sync_network, _tried_sync_network
from pipeline.recipe_options import add_recipe_options, chosen_recipe
from pipeline.run_models import used_models
from schemas.errors import UsageError
from transforms.media.models import FOLDER_VARIABLE
from transforms.speakers.syncnet_layout import expected_shapes


def recipe_of(*argv):
    options = argparse.ArgumentParser()
    add_recipe_options(options)
    return chosen_recipe(options.parse_args(argv))


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["--sync", "syncnet:a.model"], 3.0),
        (["--set", "speakers.network=syncnet:a.model"], 3.0),
        (["--sync", "syncnet:a.model", "--recipe", "syncnet"], 0.0),
        (["--sync", "syncnet:a.model", "--recipe", "latentsync"], 3.0),
        (["--sync", "syncnet:a.model", "--set", "speakers.min_confidence=1.5"], 1.5),
        (["--sync", "a.onnx"], Recipe().speakers.min_confidence),
        ([], Recipe().speakers.min_confidence),
    ],
)
def test_the_published_network_brings_its_threshold_unless_one_is_given(argv, expected):
    assert recipe_of(*argv).speakers.min_confidence == expected


def test_its_file_is_made_absolute():
    assert recipe_of("--sync", "syncnet:a.model").speakers.network == f"syncnet:{os.path.abspath('a.model')}"


def test_workers_are_given_the_converted_file(tmp_path, models):
    released = tmp_path / "syncnet_v2.model"
    torch.save({key: torch.zeros(shape) for key, shape in expected_shapes().items()}, released)
    network = _ready_sync_network(f"syncnet:{released}")
    [converted] = models.iterdir()
    assert network == f"syncnet:{converted}" and converted.suffix == ".onnx"
    assert _tried_sync_network(network) == network
    recipe = Recipe().with_setting(f"speakers.network={network}").with_setting("faces.detector=centerface")
    assert f"sync network {converted.name}" in used_models(recipe)


def test_a_wrong_file_is_refused_before_any_work(tmp_path, models):
    (tmp_path / "wrong.model").write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(UsageError, match=r"wrong\.model") as caught:
        _tried_sync_network(f"syncnet:{tmp_path / 'wrong.model'}")
    assert "\n" not in str(caught.value) and not models.exists()
