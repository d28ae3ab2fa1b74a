"""Every kind of planted fault is found, named in one line, and ends in no traceback."""

import re

import pytest

from audit.verify import verify_dataset
from tests.audit import page_plants, pseudonym_plants, record_plants, shard_plants, table_plants, text_plants
from tests.audit.good_dataset import write_own_pages

MODULES = (page_plants, pseudonym_plants, record_plants, shard_plants, table_plants, text_plants)
PLANTS = [plant for module in MODULES for plant in module.PLANTS]


def test_a_copy_with_its_shards_rewritten_is_as_good(copy):
    for shard in ("shards/train-000000.tar", "shards/val-000000.tar"):
        copy.change_clips(shard, lambda clips: None)
    write_own_pages(copy.folder)
    assert verify_dataset(str(copy.folder)) == []


def test_a_copy_with_pseudonyms_is_as_good(copy):
    pseudonym_plants.pseudonymise(copy)
    write_own_pages(copy.folder)
    assert verify_dataset(str(copy.folder)) == []


def test_every_plant_has_a_name_of_its_own():
    assert len({plant.name for plant in PLANTS}) == len(PLANTS) >= 60


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_a_planted_fault_is_found_and_named(plant, copy):
    plant.put(copy)
    lines = verify_dataset(str(copy.folder))
    assert [line for line in lines if re.search(plant.expected, line)], lines
    assert all(line and line.isprintable() for line in lines)
