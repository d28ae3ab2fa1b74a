"""croissant.json describes a dataset: its objects with their hashes, and every column of its clips."""

import hashlib
import json
from itertools import islice

import pytest

import talkshard
from schemas.stored.tables import stored_table
from tests.audit.made_dataset import write_dataset


@pytest.fixture
def output(tmp_path):
    """A dataset with its pages."""
    write_dataset(tmp_path, speaker="ann")
    record = json.loads((tmp_path / "dataset.json").read_text())
    shard = tmp_path / "shards/train-000000.tar"
    listed = {"path": "shards/train-000000.tar", "sha256": hashlib.sha256(shard.read_bytes()).hexdigest()}
    record |= {"shards": [listed | {"size_bytes": shard.stat().st_size}], "licences": [{"licence": "cc-by"}]}
    (tmp_path / "dataset.json").write_text(json.dumps(record))
    assert talkshard.main(["report", str(tmp_path)]) == 0
    return tmp_path


def test_every_object_is_listed_with_its_hash(output):
    files = json.loads((output / "croissant.json").read_text())["distribution"]
    assert [file["contentUrl"].split("/")[0] for file in files] == ["manifests", "shards"]
    for file in files:
        content = (output / file["contentUrl"]).read_bytes()
        assert (file["sha256"], file["contentSize"]) == (hashlib.sha256(content).hexdigest(), f"{len(content)} B")


def test_every_column_of_the_clips_is_a_field(output):
    [clips] = json.loads((output / "croissant.json").read_text())["recordSet"]
    assert [field["name"] for field in clips["field"]] == stored_table(str(output), "clips").column_names
    assert {field["name"]: field["dataType"] for field in clips["field"]}["num_frames"] == "sc:Integer"


def test_it_is_valid_and_gives_the_clips(output):
    mlcroissant = pytest.importorskip("mlcroissant")
    dataset = mlcroissant.Dataset(jsonld=str(output / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert all("citeAs" in warning for warning in dataset.metadata.ctx.issues.warnings)  # no one gave a citation
    rows = list(islice(dataset.records(record_set="clips"), 10))
    assert [row["clips/key"] for row in rows] == [b"k0", b"k1", b"k2"]
    assert {row["clips/num_frames"] for row in rows} == {3} and {row["clips/speaker"] for row in rows} == {b"ann"}


def test_a_run_that_was_killed_in_its_last_step_is_dated_by_its_start(output):
    run = json.loads((output / "run.json").read_text())
    (output / "run.json").write_text(
        json.dumps({name: run[name] for name in run if name not in ("finished", "wall_s")})
    )
    assert talkshard.main(["report", str(output)]) == 0
    assert json.loads((output / "croissant.json").read_text())["datePublished"] == run["started"]


def test_a_run_without_clips_has_none(output):
    (output / "croissant.json").unlink()
    (output / "dataset.json").unlink()
    assert talkshard.main(["report", str(output)]) == 0
    assert not (output / "croissant.json").exists() and (output / "report.html").exists()
