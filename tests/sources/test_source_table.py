"""The table of --sources."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import UsageError
from schemas.records import VideoSource
from transforms.sources.source_table import parse_table
from transforms.sources.stage import list_table


def test_csv_jsonl_and_parquet_give_the_same_sources(tmp_path):
    (tmp_path / "t.csv").write_text('uri,speaker,split\n"b ""q"".mp4",anna,val\n/a.mp4,,\n')
    (tmp_path / "t.jsonl").write_text(
        '{"uri": "b \\"q\\".mp4", "speaker": "anna", "split": "val"}\n{"uri": "/a.mp4"}\n'
    )
    pq.write_table(
        pa.table({"uri": ['b "q".mp4', "/a.mp4"], "speaker": ["anna", None], "split": ["val", ""]}),
        tmp_path / "t.parquet",
    )
    expected = (VideoSource(uri="/a.mp4"), VideoSource(uri=f'{tmp_path}/b "q".mp4', speaker="anna", split="val"))
    for name in ("t.csv", "t.jsonl", "t.parquet"):
        assert list_table(str(tmp_path / name)).sources == tuple(sorted(expected, key=lambda one: one.uri))


def test_urls_are_kept_and_relative_names_are_resolved_in_the_folder_of_a_remote_table():
    sources = parse_table("gs://b/lists/t.csv", b"uri\nv/x.mp4\ns3://c/y.mp4\n/z.mp4\n").sources
    assert [one.uri for one in sources] == ["/z.mp4", "gs://b/lists/v/x.mp4", "s3://c/y.mp4"]


def test_a_name_with_undecodable_bytes_is_kept():
    (source,) = parse_table("/t.csv", b"uri\ncaf\xe9.mp4\n").sources
    assert source.uri == "file:///caf%E9.mp4"


@pytest.mark.parametrize(
    "name, data, line",
    [
        ("t.csv", b"uri,speker\na.mp4,x\n", "did you mean 'speaker'"),
        ("t.csv", b"uri,split\na.mp4,dev\n", "row 1: split must be one of train, val, test, not 'dev'"),
        ("t.csv", b"uri\n", "is empty"),
        ("t.jsonl", b"\n\n", "is empty"),
        ("t.csv", b"speaker\nanna\n", "no column uri"),
        ("t.csv", b"uri,speaker\n,anna\n", "has no uri"),
        ("t.csv", b"uri\na.mp4,anna\n", "more cells than columns"),
        ("t.csv", b"uri,speaker\na.mp4,\xff\n", "speaker is not UTF-8"),
        ("t.jsonl", b'{"uri": "a.mp4", "speaker": 7}', "speaker must be text, not 7"),
        ("t.jsonl", b'{"uri": ', "cannot read the table"),
        ("t.jsonl", b'["a.mp4"]', "must be an object"),
        ("t.parquet", b"PAR0", "cannot read the table"),
        ("t.txt", b"a.mp4", "must be .csv, .jsonl or .parquet"),
        ("t.csv", b"uri,speaker\na.mp4,anna\na.mp4,bert\n", "listed twice"),
    ],
)
def test_a_wrong_table_is_refused_with_the_reason(name, data, line):
    with pytest.raises(UsageError, match=line):
        parse_table(f"/d/{name}", data)


def test_a_missing_table_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"none\.csv.*No such file"):
        list_table(str(tmp_path / "none.csv"))


def test_a_table_with_a_speaker_in_two_splits_is_refused_before_any_work(tmp_path):
    (tmp_path / "t.csv").write_text("uri,speaker,split\na.mp4,anna,train\nb.mp4,anna,test\n")
    with pytest.raises(UsageError, match="speaker:anna is in two splits"):
        list_table(str(tmp_path / "t.csv"))
