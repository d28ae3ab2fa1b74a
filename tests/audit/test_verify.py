"""The auditor's check finds what was changed in a published dataset."""

import hashlib
import json
import shutil

import apache_beam as beam
import pyarrow.parquet as pq
import pytest

from audit.verify import verify_dataset
from schemas.stored.parquet import read_parquet
from tests.manifests.made_rows import decision, facts, outcome, track
from tests.shards.clip_refs import clip_refs, clip_row
from transforms.manifests.stage import CommitDataset, MakeSourceRows, WriteManifests
from transforms.media.tar import tar_members
from transforms.shards.config import ShardsConfig
from transforms.shards.stage import WriteShards

A = "a" * 16


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A dataset of four clips in two shards, written by the graph's own stages."""
    folder = tmp_path_factory.mktemp("published")
    rows = [clip_row(f"{A}-{number}", A, split_unit=f"source:{A}", track_id="t1", sharpness=0.1) for number in range(4)]
    refs = clip_refs(folder, rows, size=3000)
    output = str(folder / "out")
    with beam.Pipeline("FnApiRunner") as pipeline:
        shards = pipeline | "refs" >> beam.Create(refs) | WriteShards(output, ShardsConfig(target_mb=0.12))
        ended = {
            "facts": pipeline | "facts" >> beam.Create([facts(A, 1)]),
            "outcomes": pipeline | "outcomes" >> beam.Create([outcome(A, 0, "clips", 4)]),
            "failures": pipeline | "failures" >> beam.Create([]),
        }
        others = pipeline | "others" >> beam.Create([track("t1", A), decision(A, kept=True)])
        parts = (
            (ended | MakeSourceRows(), others, shards.clip_rows, shards.shard_rows)
            | beam.Flatten()
            | WriteManifests(output)
        )
        {"parts": parts, "known": pipeline | beam.Create([0])} | CommitDataset(output, 1, 0, 0.0, {})
    return folder / "out"


@pytest.fixture
def dataset(published, tmp_path):
    """A copy that a test may damage."""
    shutil.copytree(published, tmp_path / "out")
    return tmp_path / "out"


def record_again(dataset, path):
    """Make dataset.json agree with a changed object, as a careful forger would."""
    record = json.loads((dataset / "dataset.json").read_bytes())
    data = (dataset / path).read_bytes()
    for item in [*record["shards"], *record["manifests"]]:
        if item["path"] == path:
            item.update(sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
    (dataset / "dataset.json").write_text(json.dumps(record))


def change_clip_row(dataset, column, value):
    path = "manifests/clips/part-00000.parquet"
    table = read_parquet((dataset / path).read_bytes())
    rows = table.to_pylist()
    rows[0][column] = value
    pq.write_table(type(table).from_pylist(rows, table.schema), dataset / path)
    record_again(dataset, path)


def test_a_published_dataset_verifies(published):
    assert len(list((published / "shards").iterdir())) == 2
    assert verify_dataset(str(published)) == []


def test_a_folder_without_a_dataset_gets_one_line(tmp_path):
    assert "holds no dataset.json" in verify_dataset(str(tmp_path))[0]


def test_a_dataset_of_another_schema_version_gets_one_line(dataset):
    record = json.loads((dataset / "dataset.json").read_bytes())
    (dataset / "dataset.json").write_text(json.dumps(record | {"schema_version": "0.9"}))
    (problem,) = verify_dataset(str(dataset))
    assert "was made with schema version 0.9; this Talkshard reads" in problem and "\n" not in problem


def test_one_changed_byte_is_found(dataset):
    shard = dataset / "shards/train-000000.tar"
    data = bytearray(shard.read_bytes())
    data[700] ^= 1
    shard.write_bytes(data)
    (problem,) = verify_dataset(str(dataset))
    assert problem.startswith("shards/train-000000.tar has sha256")


def test_a_missing_object_is_found(dataset):
    (dataset / "manifests/tracks/part-00000.parquet").unlink()
    (problem,) = verify_dataset(str(dataset))
    assert problem.startswith("manifests/tracks/part-00000.parquet cannot be read")


def test_a_clip_whose_row_points_elsewhere_is_found(dataset):
    change_clip_row(dataset, "tar_length", 512)
    assert any("its row says otherwise" in problem for problem in verify_dataset(str(dataset)))


def test_provenance_that_differs_from_the_row_is_found(dataset):
    change_clip_row(dataset, "consent", "yes")
    assert verify_dataset(str(dataset)) == [f"{A}-0.json and the clip's row differ in consent"]


def test_a_clip_without_a_row_is_found(dataset):
    change_clip_row(dataset, "key", "another")
    problems = verify_dataset(str(dataset))
    assert any(problem.startswith(f"clip {A}-0 in shards/") and problem.endswith("has no row") for problem in problems)
    assert any("clip another has a row, but is not in" in problem for problem in problems)


def test_clips_with_different_parts_are_found(dataset):
    shard = dataset / "shards/train-000000.tar"
    data = shard.read_bytes()
    shard.write_bytes(tar_members("intruder", [("json", b"{}")]) + data)
    record_again(dataset, "shards/train-000000.tar")
    assert any(problem.startswith("clips have different parts") for problem in verify_dataset(str(dataset)))


def test_a_shard_that_is_not_a_tar_file_is_found(dataset):
    shard = dataset / "shards/train-000000.tar"
    shard.write_bytes(b"x" * shard.stat().st_size)
    record_again(dataset, "shards/train-000000.tar")
    assert any("is not a tar file" in problem for problem in verify_dataset(str(dataset)))
