"""`talkshard repack`: what a fresh build of everything would make, to the byte."""

import json
import re

import pytest

import talkshard
from audit.verify import verify_dataset
from schemas.stored.parquet import read_parquet
from tests.audit.dataset_copy import DatasetCopy
from tests.audit.good_dataset import write_good_dataset
from tests.end_to_end.conftest import IN_PROCESS, run
from tests.end_to_end.test_same_bytes import hashes
from tests.generations.kills import KILLED, run_killed
from tests.generations.test_append import APPEND, keys_in

GENERATION = re.compile(r"\.g\d+(?=\.)")


@pytest.fixture
def appended(dataset, inputs):
    """Two generations: the second holds the other recording."""
    assert run(dataset, inputs / "new" / "b.mpg", flags=APPEND) == 0
    return dataset


def first_names(paths):
    """Objects by the names that they would have in the first generation."""
    return {GENERATION.sub("", path): sha256 for path, sha256 in paths.items()}


def rows_of(folder, table, names):
    """The rows of a table's parts, with shards as the first generation names them."""
    rows = [row for name in names for row in read_parquet((folder / name).read_bytes()).to_pylist()]
    return [{**row, **({"shard": GENERATION.sub("", row["shard"])} if "shard" in row else {})} for row in rows]


def test_a_repacked_dataset_is_a_fresh_build_to_the_byte(appended, fresh_build):
    before = hashes(appended)
    assert talkshard.main(["repack", str(appended), *IN_PROCESS]) == 0
    assert verify_dataset(str(appended)) == []
    record = json.loads((appended / "dataset.json").read_text())
    named = [one["path"] for one in (*record["shards"], *record["manifests"])]
    assert record["generation"] == record["last_rewrite"] == 3 and all(".g3." in path for path in named)
    after = hashes(appended)
    assert {path: after[path] for path in before} == before
    same = first_names({path: after[path] for path in named})
    with_shard_names = {path for path in same if path.startswith(("manifests/clips", "manifests/shards"))}
    assert same.keys() == fresh_build.keys()
    assert {path: same[path] for path in same.keys() - with_shard_names} == {
        path: fresh_build[path] for path in same.keys() - with_shard_names
    }


def test_a_repacked_dataset_has_the_rows_of_a_fresh_build(appended, fresh_folder):
    assert talkshard.main(["repack", str(appended), *IN_PROCESS]) == 0
    for table in ("clips", "shards"):
        assert rows_of(appended, table, [f"manifests/{table}/part-00000.g3.parquet"]) == rows_of(
            fresh_folder, table, [f"manifests/{table}/part-00000.parquet"]
        )


def test_a_dataset_of_one_piece_is_not_repacked(dataset, capsys):
    before = hashes(dataset)
    assert talkshard.main(["repack", str(dataset), *IN_PROCESS]) == 0
    assert "is one generation already" in capsys.readouterr().out and hashes(dataset) == before


def test_a_dataset_without_clips_is_not_repacked(tmp_path, capsys):
    write_good_dataset(tmp_path)
    DatasetCopy(tmp_path).change_json("dataset.json", lambda record: record.update(shards=[]))
    assert talkshard.main(["repack", str(tmp_path), *IN_PROCESS]) == 0
    assert "holds no clips: there is nothing to repack" in capsys.readouterr().out


def test_a_reader_opens_the_dataset_all_the_while_and_a_killed_repack_is_done_again(appended):
    keys = keys_in(appended)
    assert run_killed("repack", appended, *IN_PROCESS) == KILLED
    assert any(".g3." in path for path in hashes(appended))
    assert keys_in(appended) == keys and verify_dataset(str(appended)) == []
    assert talkshard.main(["repack", str(appended), *IN_PROCESS]) == 0
    assert sorted(keys_in(appended)) == sorted(keys) and verify_dataset(str(appended)) == []


def test_a_damaged_shard_is_not_repacked(appended, capsys):
    [shard, *_] = sorted((appended / "shards").iterdir())
    content = bytearray(shard.read_bytes())
    content[2000] ^= 1
    shard.write_bytes(content)
    pointer = (appended / "dataset.json").read_bytes()
    assert talkshard.main(["repack", str(appended), *IN_PROCESS]) == 4
    assert "is not what was written there" in capsys.readouterr().err
    assert (appended / "dataset.json").read_bytes() == pointer
