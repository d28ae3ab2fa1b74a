"""The auditor's check: what it says of a good dataset, of none, and of hostile names. test_plants.py has the faults."""

import json
import shutil

import talkshard
from audit.verify import verify_dataset
from tests.audit.good_dataset import write_own_pages
from tests.audit.planting import FIRST, TRAIN


def test_nothing_is_wrong_with_a_good_dataset(good):
    assert verify_dataset(str(good)) == [] == verify_dataset(str(good), quick=True)


def test_a_folder_without_a_dataset_gets_one_line(tmp_path):
    assert "holds no dataset.json" in verify_dataset(str(tmp_path))[0]


def test_a_dataset_of_another_schema_version_gets_one_line(copy):
    copy.change_json("dataset.json", lambda record: record.update(schema_version="0.9"))
    (problem,) = verify_dataset(str(copy.folder))
    assert "was made with schema version 0.9; this Talkshard reads" in problem


def test_a_quick_look_finds_a_changed_byte_and_reads_no_clip(copy):
    copy.change_clip(FIRST, consent="none")
    assert verify_dataset(str(copy.folder), quick=True) == []
    with (copy.folder / TRAIN).open("r+b") as shard:
        shard.write(b"x")
    (problem,) = verify_dataset(str(copy.folder), quick=True)
    assert problem.startswith(f"{TRAIN} has sha256")


def test_objects_of_other_generations_are_no_strays(copy):
    copy.change_json("dataset.json", lambda record: record.update(last_rewrite=1))
    for name in ("train-000000.g2.tar", f".{'0' * 32}.tmp"):
        shutil.copy(copy.folder / TRAIN, copy.folder / "shards" / name)  # of a later run, which was killed
    write_own_pages(copy.folder)
    assert verify_dataset(str(copy.folder)) == []


def test_what_an_overtaken_run_left_is_named_with_the_command_that_removes_it(copy, capsys):
    folder, left = str(copy.folder), "shards/val-000001.tar"  # beside the objects of the run that won
    shutil.copy(copy.folder / TRAIN, copy.folder / left)
    (problem,) = verify_dataset(folder)
    assert problem.startswith(f"{left} is there") and "`talkshard clean` removes it" in problem
    assert talkshard.main(["clean", folder, "--older_than", "0m"]) == 0
    assert left in capsys.readouterr().out and verify_dataset(folder) == []


def test_control_characters_of_a_name_do_not_reach_the_terminal(copy):
    copy.change_json("dataset.json", lambda record: record["shards"][0].update(path="shards/\x1b[31m\u202e\n.tar"))
    lines = verify_dataset(str(copy.folder))
    assert lines and all(line.isprintable() for line in lines)


def test_the_answer_for_machines_is_one_json_object(copy, capsys):
    (copy.folder / "run.json").unlink()
    assert talkshard.main(["verify", str(copy.folder), "--json"]) == 4
    answer = json.loads(capsys.readouterr().out)
    assert not answer["ok"] and ["run.json" in fault for fault in answer["faults"]] == [True]
