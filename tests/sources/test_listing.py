"""What --input names."""

import os

import pytest

from pipeline.list_inputs import list_inputs
from schemas.errors import UsageError
from schemas.records import VideoSource
from transforms.beam_support.storage import path_of, read_bytes
from transforms.sources.listing import list_local, listing_of, storable_uri

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


def uris(found):
    return [one.uri for one in found]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_of_any_name_is_listed_stored_and_read_again(tmp_path, name):
    touch(os.path.join(os.fsencode(tmp_path), name), b"content")
    (uri,) = uris(list_local(str(tmp_path)))
    assert os.fsencode(os.path.basename(path_of(uri))) == name
    assert uri.encode().decode() == uri
    assert read_bytes(uri) == b"content"
    assert list_local(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))) == [VideoSource(uri=uri)]


def test_a_path_of_300_characters_is_listed(tmp_path):
    path = tmp_path / ("d" * 150) / ("f" * 150 + ".mp4")
    touch(path)
    assert uris(list_local(str(tmp_path))) == [str(path)]


def test_a_folder_is_listed_at_any_depth_sorted_and_of_other_names_the_content_decides(tmp_path):
    for name in ("b.mp4", "a/z.MKV", "a/deep/y.mpg", "a/y.txt", "readme", ".hidden/x.divx", "._b.mp4"):
        touch(tmp_path / name)
    found = list_local(str(tmp_path))
    by_name = ["a/deep/y.mpg", "a/z.MKV", "b.mp4"]
    assert [one.uri for one in found if not one.content_decides] == [str(tmp_path / name) for name in by_name]
    by_content = ["._b.mp4", ".hidden/x.divx", "a/y.txt", "readme"]
    assert [one.uri for one in found if one.content_decides] == [str(tmp_path / name) for name in by_content]


def test_a_folder_whose_name_ends_as_media_do_is_a_folder(tmp_path):
    touch(tmp_path / "take.mp4" / "a.mp4")
    assert uris(list_local(str(tmp_path))) == [str(tmp_path / "take.mp4" / "a.mp4")]
    assert uris(list_local(str(tmp_path / "*.mp4"))) == [str(tmp_path / "take.mp4" / "a.mp4")]


def test_a_link_to_a_folder_is_not_followed_and_is_named(tmp_path):
    touch(tmp_path / "in" / "a.mp4")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in")
    found = {os.path.basename(one.uri): one.left_out for one in list_local(str(tmp_path / "in"))}
    assert found == {"a.mp4": "", "again": "a symbolic link to a folder, which is not followed"}


def test_a_glob_at_any_depth_ends_where_links_to_folders_loop(tmp_path):
    touch(tmp_path / "a" / "b" / "x.mp4")
    touch(tmp_path / ".hidden" / "y.mp4")
    for number in range(3):
        (tmp_path / "a" / f"loop{number}").symlink_to(tmp_path)
    for pattern in ("**/*.mp4", "**/b/*", "a/**/x.mp4", "*/**/*.mp4", "**/a/**/*.mp4"):
        assert uris(list_local(str(tmp_path / pattern))) == [str(tmp_path / "a" / "b" / "x.mp4")]
    everything = {one.uri: one.left_out != "" for one in list_local(str(tmp_path / "a" / "**"))}
    loops = {str(tmp_path / "a" / f"loop{number}"): True for number in range(3)}
    assert everything == {str(tmp_path / "a" / "b" / "x.mp4"): False} | loops


def test_dots_in_a_path_are_kept(tmp_path, monkeypatch):
    touch(tmp_path / "a.mp4")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert uris(list_local("../a.mp4")) == [f"{tmp_path}/sub/../a.mp4"]


def test_a_glob_lists_its_matches(tmp_path):
    for name in ("a1.mp4", "a2.mp4", "b1.mp4", "a3.txt"):
        touch(tmp_path / name)
    found = {os.path.basename(one.uri): one.content_decides for one in list_local(str(tmp_path / "a*"))}
    assert found == {"a1.mp4": False, "a2.mp4": False, "a3.txt": True}


def test_a_named_file_is_taken_whatever_its_suffix(tmp_path):
    touch(tmp_path / "clip.bin")
    assert list_local(str(tmp_path / "clip.bin")) == [VideoSource(uri=str(tmp_path / "clip.bin"))]


@pytest.mark.parametrize(
    "name, line", [("none.mp4", "is not there"), ("*.mp4", "there is no file"), ("empty", "there is no file")]
)
def test_an_input_without_files_is_refused(tmp_path, name, line):
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    with pytest.raises(UsageError, match=line):
        list_local(str(tmp_path / name))


def test_inputs_that_overlap_are_listed_once(tmp_path):
    touch(tmp_path / "a.mp4")
    touch(tmp_path / "b.bin")
    inputs = [tmp_path, tmp_path / "a.mp4", tmp_path / "*", tmp_path / "b.bin"]
    listing = list_inputs([str(one) for one in inputs], "flat")
    assert listing.sources == (VideoSource(uri=str(tmp_path / "a.mp4")), VideoSource(uri=str(tmp_path / "b.bin")))


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
    (source,) = listing_of([VideoSource(uri=uri)], layout).sources
    assert (source.speaker, source.group, source.split) == (speaker, group, split)


@pytest.mark.parametrize("layout", ["grid", "lrs2", "voxceleb2"])
def test_a_path_of_another_layout_is_refused(layout):
    with pytest.raises(UsageError, match=f"layout {layout} expects"):
        listing_of([VideoSource(uri="/videos/a.mp4")], layout)


def test_a_file_of_another_kind_outside_the_layout_is_left_out_with_the_reason():
    (source,) = listing_of([VideoSource(uri="/videos/readme", content_decides=True)], "grid").sources
    assert source.left_out == "its path is not laid out as --layout grid expects"


def test_a_name_of_plain_bytes_is_stored_as_it_is():
    assert storable_uri("/a b/ü.mp4") == "/a b/ü.mp4"


@pytest.fixture
def lrs2(tmp_path):
    """A folder laid out as LRS2, with its lists."""
    for name in ("main/553/00001.mp4", "main/553/00001.txt", "main/554/00007.mp4", "main/555/00001.mp4"):
        touch(tmp_path / name)
    touch(tmp_path / "pretrain/553/00001.mp4")
    for split, text in (("train", "553/00001\n"), ("val", "\n"), ("test", "554/00007 NF\n")):
        (tmp_path / f"{split}.txt").write_text(text)
    return tmp_path


def splits_of(folder, *lists):
    return {
        one.uri.removeprefix(f"{folder}/"): one.split or one.left_out
        for one in list_inputs([str(folder)], "lrs2", *lists).sources
    }


def test_official_test_material_is_in_test_and_what_no_list_names_is_left_out_with_the_reason(lrs2):
    found = splits_of(lrs2)
    assert (found["main/553/00001.mp4"], found["main/554/00007.mp4"]) == ("train", "test")
    assert (found["main/553/00001.txt"], found["pretrain/553/00001.mp4"]) == ("train", "train")
    assert found["main/555/00001.mp4"] == "below main/, but in none of train.txt, val.txt, test.txt"
    assert found["test.txt"] == "its path is not laid out as --layout lrs2 expects"


def test_without_the_official_lists_nothing_of_main_is_split(lrs2):
    (lrs2 / "test.txt").rename(lrs2 / "elsewhere.txt")
    with pytest.raises(UsageError, match=r"test\.txt' cannot be read: put the official lists there, or name"):
        splits_of(lrs2)


def test_the_official_lists_may_lie_elsewhere(lrs2, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists")
    for split in ("train", "val", "test"):
        (lrs2 / f"{split}.txt").rename(folder / f"{split}.txt")
    assert splits_of(lrs2, str(folder))["main/554/00007.mp4"] == "test"


def test_a_clip_in_two_official_lists_is_refused(lrs2):
    (lrs2 / "val.txt").write_text("553/00001\n")
    with pytest.raises(UsageError, match=r"names '553/00001', which is in train\.txt too"):
        splits_of(lrs2)
