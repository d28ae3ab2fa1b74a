"""What a change of the recipe does again: the stages that read it, and those after them."""

from pathlib import Path

import pytest

import schemas
import transforms
from pipeline.config import Recipe
from pipeline.run_models import used_models
from pipeline.stage_results import code_files, work_results
from transforms.media.model_licences import file_weights
from transforms.media.mouth_visibility import WEIGHTS_PATH
from transforms.speakers.sync_network import DEFAULT_PATH

STAGES = ("prepared", "tracked", "judged", "cut", "transcripts")


def made_by(recipe: Recipe) -> dict[str, str]:
    results = work_results("/work", recipe)
    return {stage: getattr(results, stage).made_by for stage in STAGES}


def keys(recipe: Recipe) -> dict[str, str]:
    """The key of each stage's result for one content."""
    results, key, found = work_results("/work", recipe), "content", {}
    for stage in STAGES:
        key = found[stage] = getattr(results, stage).key(key)
    return found


@pytest.mark.parametrize(
    ("setting", "again"),
    [
        ("audio.stream=1", STAGES),
        ("speech.onset=0.6", STAGES),
        ("faces.min_box_px=80", STAGES),
        ("clips.image_px=256", STAGES[1:]),
        ("limits.damaged_share=0.5", STAGES[1:]),
        ("speakers.min_probability=0.7", STAGES[2:]),
        ("speakers.network=none", STAGES[2:]),
        ("clips.min_s=2", STAGES[2:]),
        ("clips.jpeg_quality=80", STAGES[3:]),
        ("transcripts.recogniser=moonshine", STAGES[4:]),
        ("limits.window_s=1", ()),
        ("limits.memory_mb=100", ()),
        ("shards.target_mb=1", ()),
    ],
)
def test_a_setting_does_its_own_stage_again_and_those_after_it(setting, again):
    before, after = keys(Recipe()), keys(Recipe().with_setting(setting))
    assert tuple(stage for stage in STAGES if before[stage] != after[stage]) == again


def test_every_file_of_the_packages_has_its_part_in_a_key():
    hashed, models = set(), {DEFAULT_PATH}
    for package in (schemas, transforms):
        hashed |= {path for _, path in code_files(Path(package.__path__[0]))}
    files = {path for package in (schemas, transforms) for path in Path(package.__path__[0]).rglob("*.*")}
    of_pages = (".pyc", ".md", ".jinja", ".css", ".js")
    decides = {path for path in files if path.suffix not in of_pages and path.is_file()}
    assert decides == hashed | models and WEIGHTS_PATH in hashed
    assert file_weights(DEFAULT_PATH)["sha256"] in {one["sha256"] for one in used_models(Recipe()).values()}


def test_no_two_stages_make_the_same_results():
    assert len(set(made_by(Recipe()).values())) == len(STAGES)


def test_the_same_recipe_finds_its_results_in_any_work_folder_below_their_stage():
    here, there = work_results("/here", Recipe()), work_results("s3://there", Recipe())
    assert here.cut.made_by == there.cut.made_by
    assert there.cut.uri("abc", ".pack") == "s3://there/v1/cut/ab/abc.pack"
