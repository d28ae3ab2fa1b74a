"""What was taken down is refused by every later build: an append, a retry, and a build of another dataset."""

import json
import shutil

import pytest

from audit.verify import verify_dataset
from benchmarks.copies.reencode import VARIANTS, reencode
from schemas.stored.clip import read_clips
from schemas.stored.tables import stored_table
from tests.end_to_end.conftest import run
from tests.generations.conftest import FLAGS
from tests.generations.test_append import APPEND, keys_in, names_in
from tests.takedown.flags import files_with, media_of, take_down


@pytest.fixture
def taken(dataset):
    """The first generation without the talking face, and the id of that."""
    [source_id] = {clip.row["source_id"] for clip in read_clips(str(dataset))}
    media = media_of(dataset, *keys_in(dataset))
    assert take_down(dataset, "--source", source_id) == 0
    assert verify_dataset(str(dataset)) == [] and files_with(dataset, media) == []
    return dataset, source_id


def decided(folder):
    rows = stored_table(str(folder), "decisions").to_pylist()
    return [(row["subject_id"], row["value_text"]) for row in rows if row["rule"] == "taken_down"]


def test_an_append_refuses_it_under_any_name_and_takes_the_others(taken, inputs, tmp_path):
    dataset, source_id = taken
    folder = shutil.copytree(inputs, tmp_path / "in")
    shutil.copy(folder / "a.mpg", folder / "new" / "another name.mpg")
    record = json.loads((dataset / "run.json").read_text())
    assert run(dataset, folder / "a.mpg", folder / "new", flags=APPEND) == 0
    assert verify_dataset(str(dataset)) == [] and decided(dataset) == [(source_id, "source")]
    assert keys_in(dataset) and not any(key.startswith(source_id) for key in keys_in(dataset))
    named = names_in(dataset)
    assert {f"taken-down:{source_id}", f"taken-down:{source_id}#1"} < set(named)
    assert not any(name.endswith(("a.mpg", "another name.mpg")) for name in named) and record["inputs"] == []
    assert run(dataset, folder / "a.mpg", folder / "new", flags=APPEND) == 0  # all of it is on record now
    assert decided(dataset) == [(source_id, "source")]


def test_a_build_of_another_dataset_refuses_it_where_it_is_given_the_list(taken, inputs, tmp_path):
    dataset, source_id = taken
    output, paths = tmp_path / "other", (inputs / "a.mpg", inputs / "new" / "b.mpg")
    assert run(output, *paths, flags=(*FLAGS, "--honor", str(dataset))) == 0
    assert verify_dataset(str(output)) == [] and decided(output) == [(source_id, "source")]
    assert not any(key.startswith(source_id) for key in keys_in(output))
    [row] = stored_table(str(output), "takedowns").to_pylist()
    assert (row["subject"], row["generation"], row["reason"]) == (source_id, 0, "the person asked")


def test_copies_that_were_encoded_again_are_refused(taken, inputs, tmp_path):
    dataset, _ = taken
    names = {"half", "mirrored", "worst"}
    for variant in VARIANTS:
        if variant.name in names:
            reencode(inputs / "a.mpg", tmp_path / f"{variant.name}{variant.suffix}", variant, 60.0)
    shutil.copy(inputs / "new" / "b.mpg", tmp_path / "b.mpg")
    assert run(dataset, *tmp_path.glob("*.m*"), flags=APPEND) == 0
    assert verify_dataset(str(dataset)) == []
    refused = {subject.partition("-")[0] for subject, why in decided(dataset) if why == "copy"}
    rows = {row["source_id"]: row for row in stored_table(str(dataset), "sources").to_pylist()}
    assert {rows[one]["uris"][0].rsplit("/", 1)[-1].partition(".")[0] for one in refused} == names
    assert {key.partition("-")[0] for key in keys_in(dataset)} == {
        one for one in rows if rows[one]["uris"][0].endswith("b.mpg")
    }
