"""Settings by name, and whole recipes."""

import dataclasses
import json

import pytest

from pipeline.config import Recipe
from pipeline.recipes import RECIPES, named_recipe, require_possible_confidence, with_syncnet_confidence
from schemas.errors import UsageError


def test_a_setting_is_read_in_its_own_type():
    recipe = Recipe().with_setting("faces.min_box_px=80").with_setting("clips.image_px = 256")
    assert recipe.faces.min_box_px == 80.0 and isinstance(recipe.faces.min_box_px, float)
    assert recipe.clips.image_px == 256 and isinstance(recipe.clips.image_px, int)


def test_a_setting_changes_nothing_else():
    changed = Recipe().with_setting("shards.target_mb=1")
    assert dataclasses.replace(changed, shards=Recipe().shards) == Recipe()


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("faces.min_box=80", "faces.min_box_px"),
        ("face.min_box_px=80", "faces.min_box_px"),
        ("min_box_px", "NAME=VALUE"),
        ("clips.image_px=12.5", "whole number"),
        ("clips.min_s=long", "a number"),
        ("shards.target_mb=nan", "finite"),
        ("shards.target_mb=-1", "positive"),
        ("clips.min_s=20", "clips.max_s"),
        ("faces.detector=yolo", "centerface"),
    ],
)
def test_a_wrong_setting_is_one_line_that_says_what_to_do(assignment, says):
    with pytest.raises(UsageError, match=says) as caught:
        Recipe().with_setting(assignment)
    assert "\n" not in str(caught.value)


def test_every_setting_has_a_description():
    lines = list(Recipe().settings())
    assert len(lines) > 30 and all(line.about for line in lines)


@pytest.mark.parametrize("line", list(Recipe().settings()), ids=lambda line: line.name)
def test_every_setting_reads_its_own_default_back(line):
    assert Recipe().with_setting(f"{line.name}={line.default}") == Recipe()


def test_a_setting_that_need_not_be_given_can_be_given_its_usual_value():
    assert Recipe().speakers.min_confidence is None
    assert Recipe().with_setting("speakers.min_confidence=0.21").speakers.min_confidence == 0.21


def test_an_unknown_dynamic_range_is_refused():
    assert Recipe().with_setting("video.dynamic_range=sdr").video.dynamic_range == "sdr"
    with pytest.raises(UsageError, match="must be any or sdr, not 'hdr'"):
        Recipe().with_setting("video.dynamic_range=hdr")


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_is_complete_and_can_be_written_as_json(name):
    recipe = named_recipe(name)
    require_possible_confidence(recipe)
    assert json.loads(json.dumps(recipe.as_dict())).keys() == {
        "video",
        "audio",
        "speech",
        "faces",
        "speakers",
        "clips",
        "copies",
        "people",
        "transcripts",
        "shards",
        "limits",
        "rights",
    }


def test_trusted_uses_no_sync_network():
    assert named_recipe("trusted").speakers.network == "none"


def test_syncnet_has_the_published_track_thresholds_and_our_detector_score():
    faces = named_recipe("syncnet").faces
    assert (faces.join_iou, faces.max_gap_frames, faces.min_track_s * 25, faces.min_box_px) == (0.5, 25, 100, 100)
    assert faces.detector_score == Recipe().faces.detector_score


def test_an_unknown_recipe_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean latentsync"):
        named_recipe("latent_sync")


def test_another_networks_confidence_is_refused_without_that_network():
    for network in ("default", "none", "/w/own.onnx"):
        recipe = Recipe().with_setting(f"speakers.network={network}").with_setting("speakers.min_confidence=3")
        with pytest.raises(UsageError, match=r"another network's scale.*--sync syncnet:FILE"):
            require_possible_confidence(recipe)
    require_possible_confidence(
        Recipe().with_setting("speakers.network=syncnet:/w/a.model").with_setting("speakers.min_confidence=3")
    )


@pytest.mark.parametrize(("name", "expected"), [("default", 3.0), ("latentsync", 3.0), ("syncnet", 0.0)])
def test_the_published_syncnet_has_its_own_confidence(name, expected):
    recipe = named_recipe(name)
    assert with_syncnet_confidence(recipe) == recipe
    with_syncnet = with_syncnet_confidence(recipe.with_setting("speakers.network=syncnet:/w/a.model"))
    assert with_syncnet.speakers.min_confidence == expected
