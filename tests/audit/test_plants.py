"""Every kind of planted fault is found, named in one line, and ends in no traceback."""

import re
import shutil

import pytest

from audit.verify import verify_dataset
from tests.audit import record_plants, shard_plants, table_plants
from tests.audit.dataset_copy import DatasetCopy
from tests.audit.good_dataset import write_good_dataset

PLANTS = [*record_plants.PLANTS, *shard_plants.PLANTS, *table_plants.PLANTS]


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    """The good dataset."""
    folder = tmp_path_factory.mktemp("good") / "out"
    write_good_dataset(folder)
    return folder


@pytest.fixture
def copy(good, tmp_path):
    """A copy of it that a test may change."""
    return DatasetCopy(shutil.copytree(good, tmp_path / "out"))


def test_nothing_is_wrong_with_the_good_dataset(good):
    assert verify_dataset(str(good)) == []


def test_a_copy_with_its_shards_rewritten_is_as_good(copy):
    for shard in ("shards/train-000000.tar", "shards/val-000000.tar"):
        copy.change_clips(shard, lambda clips: None)
    assert verify_dataset(str(copy.folder)) == []


def test_every_plant_has_a_name_of_its_own():
    assert len({plant.name for plant in PLANTS}) == len(PLANTS) >= 60


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_a_planted_fault_is_found_and_named(plant, copy):
    plant.put(copy)
    lines = verify_dataset(str(copy.folder))
    assert [line for line in lines if re.search(plant.expected, line)], lines
    assert all(line and "\n" not in line for line in lines)
