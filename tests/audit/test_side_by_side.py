"""Objects checked by several processes: the same answer in the same order, a few items held at a time."""

import os

import pytest

from audit.side_by_side import side_by_side
from audit.verify import verify_dataset
from schemas.errors import StorageError
from tests.audit.planting import BENS, FIRST, OTHER

PROCESSES = 2


def doubled(number):
    return [str(2 * number)] * number


def killed(number):
    os._exit(9)


@pytest.mark.parametrize("processes", [1, PROCESSES])
def test_answers_come_in_the_order_of_the_items(processes):
    with side_by_side(processes) as in_order:
        assert list(in_order(doubled, range(9))) == [doubled(number) for number in range(9)]


def test_items_are_taken_only_a_few_ahead_of_the_answers():
    taken = []
    with side_by_side(PROCESSES) as in_order:
        for answered, _ in enumerate(in_order(doubled, (taken.append(number) or number for number in range(50)))):
            assert len(taken) - answered <= 2 * PROCESSES
    assert len(taken) == 50


def test_a_process_that_dies_is_one_line():
    with pytest.raises(StorageError, match="died, perhaps for want of memory"), side_by_side(PROCESSES) as in_order:
        list(in_order(killed, range(9)))


def test_several_processes_find_the_faults_that_one_finds_in_the_same_order(copy):
    for key in (FIRST, OTHER, BENS):
        copy.change_part(key, "flac", lambda content: content[:-100])
        copy.change_part(key, "mesh.npy", lambda content: content + b"x")
    alone = verify_dataset(str(copy.folder))
    assert len(alone) >= 6 and verify_dataset(str(copy.folder), processes=PROCESSES) == alone


def test_damaged_objects_are_named_in_the_same_order(copy):
    paths = sorted((copy.folder / "shards").iterdir()) + sorted((copy.folder / "manifests").rglob("*.parquet"))
    for path in paths:
        path.write_bytes(path.read_bytes()[:-1])
    alone = verify_dataset(str(copy.folder), quick=True)
    assert len(alone) == len(paths) and verify_dataset(str(copy.folder), quick=True, processes=PROCESSES) == alone
