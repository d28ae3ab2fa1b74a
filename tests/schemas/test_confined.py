"""Paths and ids that a changed dataset names never lead out of it."""

import json
import re

import pyarrow.parquet as pq
import pytest

from audit.overlay import draw_overlays
from audit.verify import verify_dataset
from pipeline.present import require_dataset
from schemas.errors import IntegrityError
from schemas.stored.clip import open_rows
from schemas.stored.clip_index import find_clips
from schemas.stored.confined import confined_name, confined_path
from schemas.stored.manifests import stored_manifests
from schemas.stored.tables import has_object, stored_table
from tests.audit.made_dataset import SHARD, A, write_dataset

OUTSIDE = "../x.tar"


def named_outside(dataset, place, path=OUTSIDE):
    """A dataset whose dataset.json names an object outside it."""
    write_dataset(dataset)
    (dataset.parent / "x.tar").write_bytes((dataset / SHARD).read_bytes())
    record = json.loads((dataset / "dataset.json").read_bytes())
    record[place] = path if place == "run" else [*record[place], {"path": path, "table": "clips"}]
    (dataset / "dataset.json").write_text(json.dumps(record))
    return str(dataset)


def change_column(dataset, table, column, change):
    """Rewrite a column of a table."""
    path = dataset / f"manifests/{table}/part-00000.parquet"
    stored = pq.read_table(path)
    rows = [row | {column: change(row[column])} for row in stored.to_pylist()]
    pq.write_table(type(stored).from_pylist(rows, stored.schema), path)


@pytest.mark.parametrize("path", ["shards/train-000000.tar", "run.json", "manifests/clips/part-00000.g2.parquet"])
def test_a_path_below_the_dataset_stays_as_it_is(path):
    assert confined_path(path, "out") == path


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "/etc/passwd", "", ".", "a//b", "s3://other/x", "..\\x", "a\0b", "a\nb", 7, None]
)
def test_any_other_path_is_an_integrity_error_of_one_line(path):
    with pytest.raises(IntegrityError, match=r"^out names .*, which is no path inside it: it was changed") as error:
        confined_path(path, "out")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["../escaped", "a/b", "", "..", None])
def test_an_id_that_is_a_path_is_an_integrity_error(name):
    with pytest.raises(IntegrityError):
        confined_name(name, "out")


@pytest.mark.parametrize(
    "read",
    [find_clips, require_dataset, lambda output: stored_table(output, "clips"), lambda output: read_tables(output)],
    ids=["clips", "build", "table", "tables"],
)
def test_no_reader_follows_a_part_out_of_the_dataset(tmp_path, read):
    with pytest.raises(IntegrityError, match=re.escape(repr(OUTSIDE))):
        read(named_outside(tmp_path / "out", "manifests"))


def read_tables(output):
    """Open all tables, as the pages do."""
    with stored_manifests(output):
        pass


@pytest.mark.parametrize("place", ["shards", "manifests", "run"])
def test_verify_says_in_one_line_that_a_path_leads_out(tmp_path, place):
    [problem] = verify_dataset(named_outside(tmp_path / "out", place))
    assert repr(OUTSIDE) in problem


def test_a_run_record_outside_is_not_read(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(IntegrityError, match=r"\.\./run\.json"):
        require_dataset(named_outside(tmp_path / "out", "run", "../run.json"))


def test_a_clip_whose_row_names_a_shard_outside_is_not_read(tmp_path):
    named_outside(tmp_path / "out", "manifests", "manifests/clips/part-00000.parquet")
    change_column(tmp_path / "out", "clips", "shard", lambda _: OUTSIDE)
    with pytest.raises(IntegrityError, match=r"\.\./x\.tar"):
        list(open_rows(str(tmp_path / "out"), stored_table(str(tmp_path / "out"), "clips")))


def test_a_clip_whose_key_is_a_path_is_not_read(tmp_path):
    write_dataset(tmp_path / "out")
    change_column(tmp_path / "out", "clips", "key", lambda key: f"../{key}")
    with pytest.raises(IntegrityError, match=r"the id '\.\./k0'"):
        list(open_rows(str(tmp_path / "out"), stored_table(str(tmp_path / "out"), "clips")))


def test_an_object_outside_is_not_looked_for(tmp_path):
    with pytest.raises(IntegrityError):
        has_object(str(tmp_path), "../x.tar")


def test_an_overlay_is_never_written_beside_its_folder(tmp_path):
    write_dataset(tmp_path / "out")
    for table in ("sources", "tracks"):
        change_column(tmp_path / "out", table, "source_id", lambda name: "../escaped" if name == A else name)
    with pytest.raises(IntegrityError, match=r"the id '\.\./escaped'"):
        list(draw_overlays(str(tmp_path / "out"), tmp_path / "sheets", 1, lambda uri: uri))
