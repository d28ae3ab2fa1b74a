"""A file is replaced only while it is what it was: of several writers at once, one wins."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from schemas.errors import IntegrityError, StorageError
from transforms.beam_support.conditional import bytes_or_none, open_new, replace_unchanged


@pytest.mark.parametrize("before", [None, b"first"])
def test_of_many_at_once_one_wins(tmp_path, before):
    path = tmp_path / "deep" / "pointer"
    if before:
        path.parent.mkdir()
        path.write_bytes(before)
    written = [b"writer %d" % number for number in range(16)]
    with ThreadPoolExecutor(16) as threads:
        won = list(threads.map(lambda data: replace_unchanged(str(path), data, before), written))
    assert sum(won) == 1
    assert path.read_bytes() == written[won.index(True)]


def test_the_same_data_again_is_no_other_writer(tmp_path):
    uri = str(tmp_path / "pointer")
    assert [replace_unchanged(uri, b"mine", None) for _ in range(2)] == [True, True]
    assert not replace_unchanged(uri, b"other", None) and bytes_or_none(uri) == b"mine"


def test_a_file_that_is_gone_is_not_made_again(tmp_path):
    assert not replace_unchanged(str(tmp_path / "pointer"), b"mine", b"first")


def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write"):
        replace_unchanged(str(tmp_path / "file" / "pointer"), b"mine", None)


def write_new(uri, data):
    with open_new(uri) as stream:
        stream.write(data)


def test_a_new_object_never_takes_the_place_of_another(tmp_path):
    uri = str(tmp_path / "deep" / "shard.tar")
    for _ in range(2):  # as a step that is run again
        write_new(uri, b"mine")
    with pytest.raises(IntegrityError, match="another run has written"):
        write_new(uri, b"other")
    assert [path.read_bytes() for path in (tmp_path / "deep").iterdir()] == [b"mine"]
