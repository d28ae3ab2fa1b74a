"""`build --append`: new sources beside those that are there, whose shards and rows stay as they are."""

import json
import os
import shutil

import pytest

import talkshard
from audit.verify import verify_dataset
from beam_runner import main
from schemas.stored.clip import read_clips
from schemas.stored.tables import stored_table
from tests.end_to_end.conftest import IN_PROCESS, hashes, run
from tests.generations.kills import KILLED, run_killed

APPEND = (*IN_PROCESS, "--append")


def names_in(output):
    return sorted(name for names in stored_table(str(output), "sources")["uris"].to_pylist() for name in names)


def keys_in(output):
    return [clip.key for clip in read_clips(str(output))]


@pytest.fixture
def new(inputs, tmp_path):
    """The new folder, with the old recording under another name, and what is no video."""
    folder = shutil.copytree(inputs, tmp_path / "in") / "new"
    shutil.copy(folder.parent / "a.mpg", folder / "a again.mpg")
    (folder / "notes.txt").write_text("no video")
    return folder


def test_new_sources_are_added_and_old_objects_stay(dataset, new, capfd):
    before, old_keys = hashes(dataset), keys_in(dataset)
    assert run(dataset, new, flags=APPEND) == 0
    after = hashes(dataset)
    assert {path: after[path] for path in before} == before
    assert all(".g2." in path for path in after.keys() - before.keys())
    assert verify_dataset(str(dataset)) == []
    assert set(old_keys) < set(keys_in(dataset))
    record, run_record = (json.loads((dataset / name).read_text()) for name in ("dataset.json", "run.g2.json"))
    assert (record["generation"], record["run"], record["last_rewrite"]) == (2, "run.g2.json", 1)
    assert json.loads((dataset / "run.json").read_text()) == run_record
    assert json.loads((dataset / "run.g1.json").read_text())["known_inputs"] == 0
    assert run_record["known_inputs"] == 1 and "1 input left out" in capfd.readouterr().out
    root = json.loads((dataset / "run.json").read_text())["root"]
    beside = [os.path.relpath(new / name, root) for name in ("b.mpg", "notes.txt")]
    assert run_record["root"] == root and names_in(dataset) == [*beside, "a.mpg", "broken.mp4"]


def test_the_same_append_again_has_nothing_to_do(dataset, new, capfd):
    assert run(dataset, new, flags=APPEND) == 0
    before = {path: path.read_bytes() for path in dataset.rglob("*") if path.is_file()}
    assert run(dataset, new, flags=APPEND) == 0
    assert "is complete" in capfd.readouterr().out
    assert {path: path.read_bytes() for path in dataset.rglob("*") if path.is_file()} == before


def test_a_reader_opens_the_dataset_all_the_while_and_a_killed_append_is_done_again(dataset, new):
    keys, pointer = keys_in(dataset), (dataset / "dataset.json").read_bytes()
    assert run_killed("build", "--input", new, "--output", dataset, *APPEND) == KILLED
    assert (dataset / "dataset.json").read_bytes() == pointer and (dataset / "run.g2.json").exists()
    assert any(".g2." in path for path in hashes(dataset))
    assert keys_in(dataset) == keys and verify_dataset(str(dataset)) == []
    assert talkshard.main(["report", str(dataset)]) == 0
    assert run(dataset, new, flags=APPEND) == 0
    assert verify_dataset(str(dataset)) == [] and len(keys_in(dataset)) > len(keys)


def test_a_run_that_was_killed_right_after_its_dataset_is_completed_by_the_same_command(dataset, new, capfd):
    assert run(dataset, new, flags=APPEND) == 0
    unfinished = {**json.loads((dataset / "run.g2.json").read_text())}
    del unfinished["finished"]
    (dataset / "run.g2.json").write_text(json.dumps(unfinished))
    first = (dataset / "run.g1.json").read_bytes()
    (dataset / "run.g1.json").rename(dataset / "run.json")
    (dataset / "report.html").unlink()
    (dataset / ".staging/run").mkdir(parents=True)
    assert run(dataset, new, flags=APPEND) == 0 and "is complete" in capfd.readouterr().out
    assert (dataset / "report.html").exists() and not (dataset / ".staging").exists()
    assert "finished" in json.loads((dataset / "run.json").read_text())
    assert (dataset / "run.g1.json").read_bytes() == first


def test_another_content_under_a_name_on_record_is_a_source_of_its_own(dataset, inputs, tmp_path):
    changed = shutil.copytree(inputs, tmp_path / "in") / "a.mpg"
    changed.write_bytes((inputs / "new" / "b.mpg").read_bytes())
    record = (dataset / "run.json").read_text().replace(str(inputs), str(changed.parent))
    (dataset / "run.json").write_text(record)
    assert run(dataset, changed, flags=APPEND) == 0
    assert names_in(dataset) == ["a.mpg", "a.mpg#g2", "broken.mp4"] and verify_dataset(str(dataset)) == []


@pytest.mark.parametrize(("split", "exit_code"), [("", 0), ("val", 0), ("test", 2)])
def test_a_speaker_on_record_keeps_its_split(inputs, tmp_path, split, exit_code, capfd):
    for number, (name, given) in enumerate((("a.mpg", "val"), ("new/b.mpg", split))):
        table = tmp_path / f"{number}.csv"
        table.write_text(f"uri,speaker,split\n{inputs / name},anna,{given}\n")
        flags = (*IN_PROCESS, *(("--append",) if number else ("--sync", "none")))
        code = main(["--sources", str(table), "--output", str(tmp_path / "out"), *flags])
        assert code == (exit_code if number else 0)
    assert set(stored_table(str(tmp_path / "out"), "sources")["split"].to_pylist()) == {"val"}
    if exit_code:
        assert "speaker:anna is in val" in (said := capfd.readouterr().err) and "new/b.mpg" in said
