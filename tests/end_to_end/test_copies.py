"""A recording and copies of it, built: one is kept, the others are decisions, and all rows stay true."""

import json
import shutil

import pytest

from audit.verify import verify_dataset
from benchmarks.copies.reencode import VARIANTS, reencode
from tests.end_to_end.conftest import IN_PROCESS, BuiltDataset, run
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared, shared

pytestmark = [needs_shared, needs_models]
NAMES = ("half", "mirrored")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A recording, two copies of it, and another recording of another person."""
    folder = tmp_path_factory.mktemp("inputs")
    shutil.copy(shared("dev/grid_other/pwij3p.mpg"), folder / "original.mpg")
    shutil.copy(shared("dev/grid_other/lbax4n.mpg"), folder / "other.mpg")
    for variant in VARIANTS:
        if variant.name in NAMES:
            reencode(folder / "original.mpg", folder / f"{variant.name}{variant.suffix}", variant, 60.0)
    return folder


@pytest.fixture(scope="module")
def built(inputs, tmp_path_factory):
    """The dataset of all but the mirrored one."""
    folder = tmp_path_factory.mktemp("built") / "out"
    first = (inputs / name for name in ("original.mpg", "other.mpg", "half.mp4"))
    return BuiltDataset(folder, run(folder, *first, flags=IN_PROCESS))


def dropped_as_copies(dataset, name):
    """The kept keys that a source's clips were dropped for."""
    source_id = dataset.source_of(name)["source_id"]
    rows = [row for row in dataset.rows("decisions") if (row["source_id"], row["rule"]) == (source_id, "duplicate")]
    return [row["value_text"] for row in rows if not row["kept"]]


def test_the_copy_of_half_the_size_is_dropped_by_the_key_of_the_original(built):
    assert built.exit_code == 0
    [kept], [_] = built.clips_of("original.mpg"), built.clips_of("other.mpg")
    assert built.clips_of("half.mp4") == []
    assert dropped_as_copies(built, "half.mp4") == [kept["key"]]


def test_the_source_of_the_copy_says_that_it_was_decided(built):
    source = built.source_of("half.mp4")
    assert (source["status"], source["num_clips"], source["windows_decided"]) == ("decided", 0, 1)
    funnel = json.loads((built.folder / "run.json").read_text())["funnel"]
    [step] = [step for step in funnel if step["rule"] == "duplicate"]
    assert (step["kept"], step["dropped"]) == (2, 1)


def test_verify_finds_nothing_wrong(built):
    assert verify_dataset(str(built.folder)) == []


def test_a_copy_that_is_added_later_is_dropped_and_what_is_on_record_stays(built, inputs, tmp_path):
    folder = shutil.copytree(built.folder, tmp_path / "out")
    appended = BuiltDataset(folder, run(folder, inputs / "mirrored.mp4", flags=(*IN_PROCESS, "--append")))
    assert appended.exit_code == 0
    assert [row["key"] for row in appended.rows("clips")] == [row["key"] for row in built.rows("clips")]
    [kept] = built.clips_of("original.mpg")
    assert dropped_as_copies(appended, "mirrored.mp4") == [kept["key"]]
    assert verify_dataset(str(folder)) == []
