"""What --input names."""

import os

import pytest

from schemas.errors import UsageError
from transforms.beam_support.storage import path_of, read_bytes
from transforms.sources.listing import list_local, listing_of, storable_uri
from transforms.sources.stage import list_inputs

ODD_NAMES = [
    b"two words.mp4",
    b'it\'s "quoted".mp4',
    b"new\nline.mp4",
    b"star*[x]?.mp4",
    b"caf\xe9.mp4",
    "é漢.MP4".encode(),
    b"%41.mp4",
    b"x" * 251 + b".mp4",
    b"#?&.mp4",
]


def touch(path, data=b"x"):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_of_any_name_is_listed_stored_and_read_again(tmp_path, name):
    touch(os.path.join(os.fsencode(tmp_path), name), b"content")
    (uri,) = list_local(str(tmp_path))[0]
    assert os.fsencode(os.path.basename(path_of(uri))) == name
    assert uri.encode().decode() == uri
    assert read_bytes(uri) == b"content"
    assert list_local(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))) == ([uri], 0)


def test_a_path_of_300_characters_is_listed(tmp_path):
    path = tmp_path / ("d" * 150) / ("f" * 150 + ".mp4")
    touch(path)
    assert list_local(str(tmp_path)) == ([str(path)], 0)


def test_a_folder_is_listed_at_any_depth_sorted_and_other_files_are_counted(tmp_path):
    for name in ("b.mp4", "a/z.MKV", "a/deep/y.mpg", "a/y.txt", "readme"):
        touch(tmp_path / name)
    expected = [str(tmp_path / name) for name in ("a/deep/y.mpg", "a/z.MKV", "b.mp4")]
    assert list_local(str(tmp_path)) == (expected, 2)


def test_dots_in_a_path_are_kept(tmp_path, monkeypatch):
    touch(tmp_path / "a.mp4")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert list_local("../a.mp4") == ([f"{tmp_path}/sub/../a.mp4"], 0)


def test_a_glob_lists_its_matches(tmp_path):
    for name in ("a1.mp4", "a2.mp4", "b1.mp4", "a3.txt"):
        touch(tmp_path / name)
    assert list_local(str(tmp_path / "a*")) == ([str(tmp_path / "a1.mp4"), str(tmp_path / "a2.mp4")], 1)


def test_a_named_file_is_taken_whatever_its_suffix(tmp_path):
    touch(tmp_path / "clip.bin")
    assert list_local(str(tmp_path / "clip.bin")) == ([str(tmp_path / "clip.bin")], 0)


@pytest.mark.parametrize(
    "name, line", [("none.mp4", "is not there"), ("*.mp4", "no media file"), ("", "no media file")]
)
def test_an_input_without_media_is_refused(tmp_path, name, line):
    touch(tmp_path / "notes.txt")
    with pytest.raises(UsageError, match=line):
        list_local(str(tmp_path / name))


def test_inputs_that_overlap_are_listed_once(tmp_path):
    touch(tmp_path / "a.mp4")
    listing = list_inputs([str(tmp_path), str(tmp_path / "a.mp4")], "flat")
    assert [source.uri for source in listing.sources] == [str(tmp_path / "a.mp4")]


@pytest.mark.parametrize(
    "layout, uri, speaker, group, split",
    [
        ("flat", "/d/s1/a.mpg", "", "", ""),
        ("grid", "/d/s1/bbaf2n.mpg", "s1", "", ""),
        ("grid", "/d/s34/video/mpg_6000/bbaf2n.mpg", "s34", "", ""),
        ("lrs2", "/d/main/553/00001.mp4", "", "553", ""),
        ("lrs2", "/d/pretrain/553/00001.mp4", "", "553", "train"),
        ("lrs2", "gs://b/test/553/00001.mp4", "", "553", "test"),
        ("voxceleb2", "/d/dev/mp4/id00017/a-Yt/00001.mp4", "id00017", "a-Yt", "train"),
        ("voxceleb2", "/d/test/mp4/id00017/a-Yt/00001.mp4", "id00017", "a-Yt", "test"),
    ],
)
def test_a_layout_reads_speaker_group_and_split(layout, uri, speaker, group, split):
    (source,) = listing_of([uri], layout, 0).sources
    assert (source.speaker, source.group, source.split) == (speaker, group, split)


@pytest.mark.parametrize("layout", ["grid", "lrs2", "voxceleb2"])
def test_a_path_of_another_layout_is_refused(layout):
    with pytest.raises(UsageError, match=f"layout {layout} expects"):
        listing_of(["/videos/a.mp4"], layout, 0)


def test_a_name_of_plain_bytes_is_stored_as_it_is():
    assert storable_uri("/a b/ü.mp4") == "/a b/ü.mp4"
