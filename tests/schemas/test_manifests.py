"""A dataset's tables as a database over its Parquet parts, wherever these lie."""

import shutil

import duckdb
import fsspec
import pytest

from schemas.errors import IntegrityError
from schemas.stored.manifests import only_row, row_count_problems, rows_of, stored_manifests
from schemas.tables import TABLES
from tests.audit.made_dataset import write_dataset
from tests.beam_support.memory_files import FILES


@pytest.fixture(params=["local", "odd folder", "store"])
def dataset(request, tmp_path):
    """A folder or url of the dataset, and the folder it was written to."""
    folder = tmp_path / ("[a*] it's\n?" if request.param == "odd folder" else "out")
    write_dataset(folder)
    if request.param != "store":
        return str(folder), folder
    FILES.clear()
    for path in folder.rglob("*"):
        if path.is_file():
            fsspec.filesystem("memory").pipe_file(f"/bucket/{path.relative_to(folder)}", path.read_bytes())
    return "memory://bucket", folder


def test_every_table_is_a_view_over_its_parts(dataset):
    with stored_manifests(dataset[0]) as manifests:
        counts = {name: only_row(manifests, f"SELECT count(*) FROM {name}")[0] for name in TABLES}
        found = {"sources": 3, "decisions": 3, "tracks": 2, "clips": 3, "shards": 1, "failures": 2, "takedowns": 0}
        assert counts == found
        assert rows_of(manifests, "SELECT key, num_frames FROM clips WHERE key = ?", ["k1"]) == [
            {"key": "k1", "num_frames": 3}
        ]
        assert row_count_problems(manifests, counts) == []
        assert row_count_problems(manifests, counts | {"clips": 4}) == [
            "table clips has 3 rows, but its parts were written with 4"
        ]


def test_values_of_each_frame_are_not_copied_from_a_store(dataset):
    url, _ = dataset
    with stored_manifests(url) as manifests:
        columns = {row[0] for row in manifests.execute("DESCRIBE tracks").fetchall()}
        assert "sync_curve" in columns and ("boxes_xyxy" in columns) == (not url.startswith("memory"))


def test_a_part_that_dataset_json_does_not_list_is_not_read(tmp_path):
    write_dataset(tmp_path)
    clips = tmp_path / "manifests" / "clips"
    shutil.copy(clips / "part-00000.parquet", clips / "part-00001.parquet")
    with stored_manifests(str(tmp_path)) as manifests:
        assert only_row(manifests, "SELECT count(*) FROM clips") == (3,)
    (tmp_path / "dataset.json").unlink()
    with stored_manifests(str(tmp_path)) as manifests:
        assert only_row(manifests, "SELECT count(*) FROM clips") == (6,)


def test_a_table_without_parts_has_no_rows_and_all_columns(tmp_path):
    write_dataset(tmp_path)
    (tmp_path / "dataset.json").unlink()
    shutil.rmtree(tmp_path / "manifests" / "clips")
    with stored_manifests(str(tmp_path)) as manifests:
        assert manifests.execute("SELECT key, sync_probability FROM clips").fetchall() == []


def test_a_part_that_is_cut_off_is_an_integrity_error(tmp_path):
    write_dataset(tmp_path)
    part = tmp_path / "manifests" / "clips" / "part-00000.parquet"
    part.write_bytes(part.read_bytes()[:-9])
    with pytest.raises(IntegrityError, match="a part of clips is not a whole Parquet file"), stored_manifests(tmp_path):
        pass


def test_what_does_not_fit_into_memory_is_spilled(tmp_path):
    write_dataset(tmp_path)
    with stored_manifests(str(tmp_path)) as manifests:
        assert only_row(manifests, "SELECT current_setting('memory_limit'), current_setting('threads')") == (
            "244.1 MiB",
            1,
        )
        assert number_of_texts(manifests) == 1_000_000
    with duckdb.connect(config={"temp_directory": ""}) as without_folder, pytest.raises(duckdb.OutOfMemoryException):
        number_of_texts(without_folder)


def number_of_texts(manifests):
    """Count a million different texts within 32 MB."""
    manifests.execute("SET memory_limit = '32MB'; SET threads = 1")
    texts = "SELECT DISTINCT sha256(range::VARCHAR) AS text FROM range(1_000_000)"
    return only_row(manifests, f"SELECT count(text) FROM ({texts})")[0]
