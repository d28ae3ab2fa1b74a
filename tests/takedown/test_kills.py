"""A takedown that is killed at any moment: the same command again ends as if nothing had happened."""

import json
import os
import random
import shutil

import pytest

from audit.verify import verify_dataset
from tests.end_to_end.conftest import IN_PROCESS
from tests.takedown.conftest import draw_sheets, wear
from tests.takedown.flags import FIRST, OF_ANN_TOO, OF_BEN, SECOND, files_with, keys_in, media_of, table, take_down
from tests.takedown.kills import KILLED, killer

OF_TIME = {"run.json", "run.g1.json", "run.g2.json", "report.html", "dataset_card.md", "croissant.json", "dataset.json"}
LIST = "manifests/takedowns/part-00000.g2.parquet"  # holds a time; its rows are compared
WHOM = ("--speaker", "ann")
MOMENTS = 6  # the first and the last change to the disk, and random ones between
NUM_MOMENTS = int(os.environ.get("TALKSHARD_KILLS", MOMENTS))


def bytes_of(folder):
    """Every file, but only the names of those that hold times."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: None if name in {*OF_TIME, LIST} else path.read_bytes() for name, path in found.items()}


def listed(folder):
    """What dataset.json says, but for the part that holds a time."""
    record = json.loads((folder / "dataset.json").read_text())
    return record | {"manifests": [one for one in record["manifests"] if "takedowns" not in one["path"]]}


def timeless(rows):
    return [row | {"taken_at": ""} for row in rows]


def end_as(folder, undisturbed):
    """Whether two datasets, and all that lies around them, are equal but for times."""
    same = bytes_of(folder) == bytes_of(undisturbed) and listed(folder) == listed(undisturbed)
    return same and timeless(table(folder, "takedowns")) == timeless(table(undisturbed, "takedowns"))


@pytest.fixture(scope="module")
def tried(good, tmp_path_factory):
    """A dataset before, after an undisturbed takedown, and the number of changes to the disk that one makes."""
    folder = tmp_path_factory.mktemp("kills")
    before = wear(shutil.copytree(good, folder / "before"), folder / "work")
    draw_sheets(before)
    after = shutil.copytree(before, folder / "out")
    argv = ("takedown", after, *WHOM, "--reason", "the person asked", "--yes", *IN_PROCESS)
    with killer() as process:
        code, changes = process.run(1_000_000, after, *argv)
        assert code == 0 and changes > 50
        (folder / "out").rename(folder / "after")
        yield folder, process, changes


@pytest.mark.parametrize("number", range(NUM_MOMENTS))
def test_the_same_command_again_ends_as_an_undisturbed_one(tried, number):
    folder, process, changes = tried
    output = shutil.copytree(folder / "before", folder / "out")  # in the same place, which records name
    media = media_of(output, FIRST, SECOND, OF_ANN_TOO)
    argv = ("takedown", output, *WHOM, "--reason", "the person asked", "--yes", *IN_PROCESS)
    moment = {0: 1, NUM_MOMENTS - 1: changes}.get(number) or random.Random(number).randint(1, changes)
    assert process.run(moment, output, *argv) == (KILLED, 0), f"change {moment} of {changes}"
    assert keys_in(output) in ([FIRST, SECOND, OF_ANN_TOO, OF_BEN], [OF_BEN])  # one generation or the other, whole
    assert take_down(output, *WHOM) == 0
    assert end_as(output, folder / "after")
    assert files_with(output, media) == [] == verify_dataset(str(output))
    shutil.rmtree(output)
