"""Local and remote files: whole or not at all, and errors that name the file."""

import errno
import fcntl
import itertools
import multiprocessing
import os
import random
import stat
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress

import pytest

from schemas.errors import StorageError, UnreadableSource
from tests.beam_support.memory_files import FILES
from transforms.beam_support import source_cache, storage
from transforms.beam_support.deletions import delete_files, delete_tree
from transforms.beam_support.listings import list_sizes

ODD_NAMES = ["two words", 'it\'s "quoted"', "new\nline", "star*[x]?", os.fsdecode(b"caf\xe9"), "é漢", "%41", "x" * 255]


@pytest.fixture(params=["local", "remote"])
def base(request, tmp_path):
    FILES.clear()
    return str(tmp_path / "out") if request.param == "local" else "memory://bucket/out"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TALKSHARD_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache"
    source_cache.release()


def test_what_is_written_is_read_listed_and_deleted(base):
    for name in ("a", "deep/b", "deep/er/c"):
        storage.write_once(storage.join(base, name), name.encode())
    storage.write_once(base + "-other", b"stays")
    assert storage.list_files(base) == [f"{base}/{name}" for name in ("a", "deep/b", "deep/er/c")]
    assert storage.read_bytes(f"{base}/deep/b") == b"deep/b"
    assert storage.read_range(f"{base}/deep/b", 2, 3) == b"ep/"
    assert (storage.size_bytes(f"{base}/deep/er/c"), storage.exists(f"{base}/a"), storage.exists(f"{base}/z")) == (
        9,
        True,
        False,
    )
    delete_files([f"{base}/a"])
    assert not storage.exists(f"{base}/a")
    delete_tree(base)
    assert storage.list_files(base) == [] and storage.exists(base + "-other")


def test_a_listing_gives_the_size_of_every_file_below(base):
    for name in ("a", "deep/b", "deep/er/star*[x]?"):
        storage.write_once(storage.join(base, name), name.encode())
    storage.write_once(base + "-other", b"not below")
    expected = {f"{base}/{name}": len(name) for name in ("a", "deep/b", "deep/er/star*[x]?")}
    assert list_sizes(base) == list_sizes(base + "/") == expected
    assert list_sizes(base + "/none") == {}


def write_for(seconds, folder):
    """Write files into a folder and take them away again, as a process that has not ended yet does."""
    ends_at = time.monotonic() + seconds
    for number in itertools.count():
        if time.monotonic() > ends_at:
            return
        with suppress(OSError):
            (folder / str(number)).touch()
            (folder / str(number - 20)).unlink(missing_ok=True)


def test_files_that_come_and_go_meanwhile_spoil_no_listing(tmp_path):
    (tmp_path / "busy").mkdir()
    (tmp_path / "stays").touch()
    with ThreadPoolExecutor(1) as other:
        writing = other.submit(write_for, 0.5, tmp_path / "busy")
        while not writing.done():
            assert f"{tmp_path}/stays" in list_sizes(str(tmp_path))


def test_a_folder_is_deleted_whole_while_another_process_writes_to_it(tmp_path):
    folder = tmp_path / "busy"
    folder.mkdir()
    for number in range(3000):
        (folder / f"old-{number}").touch()
    with ThreadPoolExecutor(1) as other:
        other.submit(write_for, 0.5, folder)
        delete_tree(str(folder))
    assert not folder.exists()


def test_deleting_a_folder_that_does_not_exist_is_no_error(base):
    delete_tree(base)
    assert not storage.exists(base) and storage.list_files(base) == []


def test_the_last_writer_wins(base):
    storage.write_once(base, b"first")
    storage.write_once(base, b"second")
    assert storage.read_bytes(base) == b"second"


@pytest.mark.parametrize("read", [storage.read_bytes, storage.local_path, storage.open_stream, storage.size_bytes])
def test_a_missing_file_is_an_unreadable_source_that_is_named(base, cache, read):
    with pytest.raises(UnreadableSource, match=f"cannot read '{base}/gone"):
        read(f"{base}/gone")


def test_a_store_without_client_is_named():
    with pytest.raises(UnreadableSource, match=r"cannot read 'nosuch://b/x': Protocol not known"):
        storage.read_bytes("nosuch://b/x")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_local_names_are_taken_as_they_are(tmp_path, name):
    path = str(tmp_path / name)
    storage.write_once(path, b"x")
    assert storage.local_path(path) == path
    assert storage.local_path((tmp_path / name).as_uri()) == path
    assert storage.list_files(str(tmp_path)) == [path]


def test_a_file_that_fails_half_way_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), storage.open_once(str(tmp_path / "x")) as stream:
        stream.write(b"half")
        stream.write(bytes(1 // 0))
    assert os.listdir(tmp_path) == []


def test_a_file_is_on_disk_before_it_has_its_name(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.listdir(tmp_path)))
    storage.write_once(str(tmp_path / "x"), b"content")
    assert len(synced) == 1 and synced[0] != ["x"] == os.listdir(tmp_path)


def test_a_full_disk_is_a_storage_error_that_leaves_nothing(tmp_path):
    with (
        pytest.raises(StorageError, match=r"cannot write .*No space left"),
        storage.open_once(str(tmp_path / "x")) as stream,
    ):
        stream.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert os.listdir(tmp_path) == []


def test_writing_where_a_file_is_in_the_way_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot write"):
        storage.write_once(str(tmp_path / "file" / "x"), b"")


def test_a_remote_file_is_copied_once_and_keeps_its_suffix(cache):
    FILES["memory://b/x.mp4"] = b"content"
    first = storage.local_path("memory://b/x.mp4")
    os.chmod(first, stat.S_IRUSR)
    assert storage.local_path("memory://b/x.mp4") == first
    assert first.startswith(str(cache)) and first.endswith(".mp4")
    with open(first, "rb") as stream:
        assert stream.read() == b"content"


def test_a_remote_file_that_changed_is_copied_again(cache):
    FILES["memory://b/x.mp4"] = b"content"
    first = storage.local_path("memory://b/x.mp4")
    FILES["memory://b/x.mp4"] = b"other content"
    assert storage.local_path("memory://b/x.mp4") != first


def fetched(name, limit_bytes=10_000, size_bytes=100):
    def download(path):
        with open(path, "wb") as copy:
            copy.write(bytes(size_bytes))

    path = source_cache.cached_copy(name, ".mp4", download, size_bytes, limit_bytes)
    return os.path.basename(path)


def copies(cache):
    return {path.name for path in cache.iterdir() if path.suffix == ".mp4"}


def test_the_cache_stays_within_its_limit_and_keeps_what_was_used_last(cache):
    names = []
    for number in range(9):
        names.append(fetched(f"v{number}", 500))
        source_cache.release()
        assert sum(path.stat().st_size for path in cache.iterdir()) <= 500
    assert copies(cache) == set(names[-5:])
    assert len(list(cache.iterdir())) == 2 * 5 + 1  # each copy's lock went with it


def fetch_by_turns(cache, seed):
    """Fetch files that have no room beside each other, as a process of its own; how many others had."""
    os.environ["TALKSHARD_CACHE"] = cache
    num_downloads = 0
    turns = random.Random(seed)
    for _ in range(300):
        name = f"v{turns.randrange(6)}"

        def download(path, name=name):
            nonlocal num_downloads
            num_downloads += 1
            with open(path, "w") as copy:
                copy.write(name)

        with open(source_cache.cached_copy(name, ".mp4", download, 2, 8)) as copy:
            assert copy.read() == name
        source_cache.release()
    return num_downloads


def test_a_lock_that_went_while_it_was_waited_for_is_taken_again(tmp_path):
    path = tmp_path / "copy"
    held = source_cache._locked(path, fcntl.LOCK_EX)
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(source_cache._locked, path, fcntl.LOCK_EX)
        time.sleep(0.2)
        os.unlink(tmp_path / "copy.lock")
        os.close(held)
        taken = waiting.result()
    assert os.path.samestat(os.fstat(taken), os.stat(tmp_path / "copy.lock"))
    os.close(taken)


def test_processes_that_evict_each_others_copies_never_read_another_file(cache):
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as processes:
        downloads = list(processes.map(fetch_by_turns, [str(cache)] * 4, range(4)))
    assert sum(downloads) > 100 and len(copies(cache)) <= 4
    assert {path.name.removesuffix(".lock") for path in cache.glob("?*.lock")} == copies(cache)


def test_files_in_use_are_never_evicted_and_what_has_no_room_says_what_to_change(cache, monkeypatch):
    monkeypatch.setattr(source_cache, "WAIT_S", 0.0)
    names = {fetched(name, 250) for name in ("a", "b")}
    with pytest.raises(StorageError, match="set TALKSHARD_CACHE_MB"):
        fetched("c", 250)
    assert copies(cache) == names
    source_cache.release()
    fetched("c", 250)
    assert len(copies(cache)) == 2


def test_a_file_waits_for_room(cache, monkeypatch):
    fetched("a", 150)
    monkeypatch.setattr(source_cache.time, "sleep", lambda _: source_cache.release())
    assert copies(cache) != {fetched("b", 150)} == copies(cache)


def test_what_a_killed_download_left_is_evicted(cache):
    cache.mkdir()
    (cache / "0123.mp4.part").write_bytes(bytes(400))
    fetched("a", 450)
    assert {path.suffix for path in cache.iterdir()} == {"", ".lock", ".mp4"}


def test_a_download_that_fails_leaves_no_copy(cache):
    def fail(path):
        raise UnreadableSource("gone half way")

    with pytest.raises(UnreadableSource):
        source_cache.cached_copy("v", ".mp4", fail, 100)
    assert copies(cache) == set() and not source_cache._held
    assert not list(cache.glob("*.part"))
