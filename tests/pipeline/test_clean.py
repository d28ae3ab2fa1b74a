"""`talkshard clean`: only what builds wrote, what no generation needs, and what is old enough."""

import json
import os
import time
from pathlib import Path

import pytest

from pipeline.owner import owning
from schemas.generations import run_record_name
from schemas.schema_version import SCHEMA_VERSION
from talkshard import main

NAMED = ("shards/train-000000.tar", "manifests/clips/part-00000.g2.parquet")
LEFT = (
    "shards/train-000001.tar",
    "manifests/clips/part-00000.parquet",
    "shards/train-000000.g3.tar",
    "run.g3.json",
    "shards/." + "0" * 32 + ".tmp",
    ".staging/work/v1/a",
)
OTHERS = ("notes.txt", "shards/holiday.tar", "shards/train-000000.tar.bak", "manifests/mine/part-00000.parquet")
RUNS = ("run.json", "run.g1.json")  # the present one, and what it was in the first generation
OF_A_RUN = LEFT[2:]  # of one that goes on


def write(folder, path, days_old):
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("content")
    age(file, days_old)


def age(file, days):
    then = time.time() - days * 86_400
    os.utime(file, (then, then))


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def dataset(tmp_path):
    """The second generation, which left objects of the first one out, and a killed try at the third."""
    record = {
        "generation": 2,
        "last_rewrite": 2,
        "run": "run.g2.json",
        "schema_version": SCHEMA_VERSION,
        "shards": [{"path": NAMED[0]}],
        "manifests": [{"path": NAMED[1]}],
    }
    for path in (*NAMED, *LEFT, *OTHERS, *RUNS, "run.g2.json", "dataset.json", "report.html"):
        write(tmp_path, path, 30)
    (tmp_path / "dataset.json").write_text(json.dumps(record))
    (tmp_path / "run.g2.json").write_text("{}")
    age(tmp_path / "run.g2.json", 8)
    return tmp_path


def test_what_is_old_and_not_named_goes_and_all_else_stays(dataset, capsys):
    before = files(dataset)
    assert main(["clean", str(dataset)]) == 0
    assert before - files(dataset) == set(LEFT)
    shown = capsys.readouterr().out
    assert (
        "shards/train-000001.tar  7 bytes" in shown and f"{len(LEFT)} objects, {7 * len(LEFT)} bytes removed" in shown
    )


def test_a_dry_run_shows_the_same_and_removes_nothing(dataset, capsys):
    before = files(dataset)
    assert main(["clean", str(dataset), "--dry_run"]) == 0
    assert files(dataset) == before and f"{len(LEFT)} objects" in capsys.readouterr().out


def test_what_was_named_until_not_long_ago_stays_for_its_readers(dataset):
    age(dataset / run_record_name(2), 6)
    before = files(dataset)
    assert main(["clean", str(dataset)]) == 0
    assert before - files(dataset) == set(OF_A_RUN)


def test_young_objects_stay(dataset):
    for path in LEFT[:4]:
        age(dataset / path, 1)
    before = files(dataset)
    assert main(["clean", str(dataset), "--older_than", "36h"]) == 0
    assert before - files(dataset) == set(LEFT[4:])


def test_what_a_living_run_may_need_stays(dataset):
    before = files(dataset)
    with owning(str(dataset)):
        assert main(["clean", str(dataset)]) == 0
    assert before - files(dataset) == set(LEFT[:2])


@pytest.mark.parametrize("given", ["7", "week", "-1d", "7 d"])
def test_an_age_that_is_none_is_refused(dataset, given, capsys):
    assert main(["clean", str(dataset), f"--older_than={given}"]) == 2
    assert "like 7d, 12h or 30m" in capsys.readouterr().err


def test_a_folder_without_a_dataset_is_left_alone(dataset, capsys):
    (dataset / "dataset.json").unlink()
    before = files(dataset)
    assert main(["clean", str(dataset), "--older_than", "0d"]) == 2
    assert files(dataset) == before and "holds no dataset.json" in capsys.readouterr().err


def test_nothing_is_followed_out_of_the_dataset(dataset, tmp_path_factory):
    elsewhere = Path(tmp_path_factory.mktemp("elsewhere"))
    write(elsewhere, "train-000009.tar", 30)
    (dataset / "shards" / "link").symlink_to(elsewhere)
    assert main(["clean", str(dataset)]) == 0
    assert files(elsewhere) == {"train-000009.tar"}


def test_a_damaged_record_of_a_run_is_one_line(dataset, capsys):
    before = files(dataset)
    (dataset / "run.g2.json").write_text('{"recipe": ')
    assert main(["clean", str(dataset)]) == 4
    assert "run.g2.json of" in capsys.readouterr().err and files(dataset) == before
