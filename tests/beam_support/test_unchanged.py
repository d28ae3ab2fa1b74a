"""A file that changes during a run is named, and one that only looks changed is not."""

import dataclasses
import os

import pytest

from schemas.errors import ChangedSource, NotMedia
from tests.beam_support.memory_files import FILES
from tests.made_records import made_source
from transforms.beam_support.failure_rows import KINDS
from transforms.beam_support.storage import version_of
from transforms.beam_support.unchanged import hash_unchanged, unchanged


def hashed(uri):
    sha256, size_bytes, version = hash_unchanged(uri)
    return dataclasses.replace(made_source(uri), content_sha256=sha256, size_bytes=size_bytes, version=version)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"first")
    return path


def append(path):
    with open(path, "ab") as file:
        file.write(b"more")


def replace(path):
    (path.parent / "other").write_bytes(b"other")
    found = path.stat()
    os.utime(path.parent / "other", ns=(found.st_atime_ns, found.st_mtime_ns))
    os.replace(path.parent / "other", path)


@pytest.mark.parametrize("change", [append, replace])
def test_a_file_that_changed_since_it_was_hashed_is_refused(path, change):
    source = hashed(str(path))
    change(path)
    with pytest.raises(ChangedSource, match=r"a\.mp4.*hashed"), unchanged(source):
        pytest.fail("it must not be read")


@pytest.mark.parametrize("change", [append, replace])
def test_a_file_that_changes_while_it_is_read_is_refused(path, change):
    with pytest.raises(ChangedSource), unchanged(hashed(str(path))):
        change(path)


def test_a_change_is_told_rather_than_the_error_that_it_causes(path):
    with pytest.raises(ChangedSource), unchanged(hashed(str(path))):
        append(path)
        raise NotMedia("half of it")


def test_a_new_time_alone_is_no_change(path):
    source = hashed(str(path))
    os.utime(path, (1, 1))
    with unchanged(source):
        assert version_of(str(path)) != source.version


def test_a_file_that_does_not_change_is_read(path):
    with unchanged(hashed(str(path))):
        assert path.read_bytes() == b"first"


def test_a_remote_file_of_another_size_is_refused():
    FILES["memory://bucket/a.mp4"] = b"first"
    source = hashed("memory://bucket/a.mp4")
    with pytest.raises(ChangedSource), unchanged(source):
        FILES["memory://bucket/a.mp4"] = b"longer"


def test_it_is_a_kind_of_failure():
    assert "changed" in KINDS
