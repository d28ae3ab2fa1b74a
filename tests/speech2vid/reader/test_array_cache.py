import pickle

import numpy as np
import pytest

from speech2vid.reader.array_cache import ArrayCache

ARRAY = np.arange(100, dtype=np.int64)  # 800 bytes


def _never() -> np.ndarray:
    raise AssertionError("it is made again")


def test_an_array_is_made_once(tmp_path):
    cache = ArrayCache(tmp_path)
    assert cache.get("one", lambda: ARRAY) is ARRAY and cache.get("one", _never) is ARRAY
    assert list(tmp_path.iterdir()) == []


def test_what_memory_does_not_hold_lies_in_the_folder_for_other_processes(tmp_path):
    first = ArrayCache(tmp_path / "new", 10_000, memory_bytes=0)
    first.get("one", lambda: ARRAY)
    for cache in (first, pickle.loads(pickle.dumps(first)), ArrayCache(tmp_path / "new")):
        np.testing.assert_array_equal(cache.get("one", _never), ARRAY)


def test_the_folder_is_bounded_also_by_what_it_held(tmp_path):
    for _ in range(2):
        cache = ArrayCache(tmp_path, 2000, memory_bytes=0)
        for name in "abcdef":
            cache.get(name, lambda: ARRAY)
    assert len(list(tmp_path.iterdir())) == 2


def test_without_a_folder_nothing_is_written(tmp_path):
    cache = ArrayCache(memory_bytes=0)
    cache.get("one", lambda: ARRAY)
    with pytest.raises(AssertionError):
        cache.get("one", _never)
