"""The table of --sources."""

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.list_inputs import list_table, with_names
from schemas.errors import UsageError
from schemas.records import VideoSource
from tests.shared_data import shared
from transforms.sources.source_table import parse_table


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


@pytest.mark.parametrize(
    "data", [b"uri,speaker\nb.mp4,anna\n", b'\n{"uri": "b.mp4", "speaker": "anna"}\n', b"uri;speaker\nb.mp4;anna\n"]
)
def test_a_table_may_be_a_pipe_as_of_process_substitution(tmp_path, monkeypatch, data):
    monkeypatch.chdir(tmp_path)
    read_end, write_end = os.pipe()
    os.write(write_end, data)
    os.close(write_end)
    try:
        sources = list_table(f"/dev/fd/{read_end}").sources
    finally:
        os.close(read_end)
    assert sources == (VideoSource(uri=f"{tmp_path}/b.mp4", speaker="anna"),)


def test_a_parquet_table_needs_no_suffix(tmp_path):
    pq.write_table(pa.table({"uri": ["/a.mp4"]}), tmp_path / "t")
    assert list_table(str(tmp_path / "t")).sources == (VideoSource(uri="/a.mp4"),)


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
        ("t.csv", b"uri,speaker\na.mp4,Jos\xe9\n", "row 1: speaker is not UTF-8 .as Windows-1252 it is 'José'.: save"),
        ("t.csv", b"uri,sp\xe9aker\na.mp4,x\n", "column's name is not UTF-8"),
        ("t.csv", "uri,speaker\na.mp4,x\n".encode("utf-32"), "unknown encoding: save it as UTF-8"),
        ("t.csv", "uri\na.mp4\n".encode("utf-16")[:-1], "is not whole UTF-16"),
        ("t.jsonl", b'{"uri": "a.mp4", "speaker": 7}', "speaker must be text, not 7"),
        ("t.jsonl", b'{"uri": ', "cannot read the table"),
        ("t.jsonl", b'["a.mp4"]', "must be an object"),
        ("t.parquet", b"PAR0", "cannot read the table"),
        ("t.xlsx", b"PK", "must be .csv, .tsv, .txt, .jsonl or .parquet"),
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


SAVED = {
    "comma": "uri,speaker\na b.mp4,Zoë\nc.mp4,\n",
    "semicolon, as Excel in much of Europe": "uri;speaker\na b.mp4;Zoë\nc.mp4;\n",
    "tab, as Excel's Unicode text": "uri\tspeaker\na b.mp4\tZoë\nc.mp4\t\n",
    "Excel's own first line": "sep=;\nuri;speaker\na b.mp4;Zoë\nc.mp4;\n",
    "quoted cells": '"uri";"speaker"\n"a b.mp4";"Zoë"\n"c.mp4";""\n',
    "empty lines and padded cells": "\nuri;speaker;;\n\na b.mp4;Zoë;;\n;;;\n\nc.mp4;;;\n\n",
    "lines twice": "uri,speaker\na b.mp4,Zoë\nc.mp4,\na b.mp4,Zoë\n",
    "no end of line": "uri,speaker\na b.mp4,Zoë\nc.mp4,",
}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", SAVED.values(), ids=SAVED)
def test_a_table_is_read_as_excel_saves_it(text, encoding):
    expected = (VideoSource(uri="/d/a b.mp4", speaker="Zoë"), VideoSource(uri="/d/c.mp4"))
    for line_end in ("\n", "\r\n", "\r"):
        for name in ("/d/t.csv", "/d/t.txt"):
            assert parse_table(name, text.replace("\n", line_end).encode(encoding)).sources == expected


def test_a_quoted_name_keeps_its_newline_and_separators():
    (source,) = parse_table("/d/t.csv", b'uri;speaker\r\n"new\nline, ""x"";.mp4";anna\r\n').sources
    assert source.uri == '/d/new\nline, "x";.mp4'


def test_jsonl_that_a_shell_of_windows_saved_is_read():
    sources = parse_table("/d/t.jsonl", '{"uri": "é.mp4"}\r\n'.encode("utf-16")).sources
    assert sources == (VideoSource(uri="/d/é.mp4"),)


def test_a_table_in_windows_1252_is_refused_where_its_files_show_it(tmp_path):
    (tmp_path / "café.mp4").touch()
    (tmp_path / "t.csv").write_bytes("uri\ncafé.mp4\n".encode("cp1252"))
    with pytest.raises(UsageError, match=r"is not UTF-8 but Windows-1252, as .*café\.mp4' shows: save"):
        list_table(str(tmp_path / "t.csv"))


def test_the_shared_table_in_utf_16_is_read():
    path = shared("hard/footage/k28_utf16.csv")
    if not path.is_file():
        pytest.skip("the shared recordings are not there")
    (source,) = list_table(str(path)).sources
    assert source.uri.endswith("/dev/grid_other/lbbc2a.mpg") and source.speaker == "s1"


def test_urls_that_only_a_secret_tells_apart_have_different_names(tmp_path):
    uris = [f"https://host/in/{name}?key={key}" for name, key in (("a.mp4", 1), ("a.mp4", 2), ("b.mp4", 1))]
    (tmp_path / "t.csv").write_text("\n".join(["uri", *uris]))
    root, listing = with_names(list_table(str(tmp_path / "t.csv")), None)
    assert root == "https://host/in" and [one.name for one in listing.sources] == ["a.mp4", "a.mp4#2", "b.mp4"]
