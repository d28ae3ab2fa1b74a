"""Two builds into one url: the second is refused while the first gives signs of life."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline import owner
from pipeline.output import open_output, require_free_output
from pipeline.owner import owning
from schemas.errors import UsageError
from schemas.generations import OWNER
from transforms.beam_support import storage
from transforms.beam_support.deletions import delete_files


def test_a_second_build_into_a_store_is_refused_and_removes_nothing(store):
    output = store.uri("out")
    with owning(output):
        open_output(output, {})
        storage.write_once(f"{output}/.staging/run/a", b"work of the first build")
        with pytest.raises(UsageError, match="is being built by process"):
            require_free_output(output)
        with pytest.raises(UsageError, match="is being built by process"), owning(output):
            pass
        mark = json.loads(storage.read_bytes(f"{output}/{OWNER}"))
    assert storage.list_files(output) == [f"{output}/.staging/run/a", f"{output}/run.json"]
    storage.write_once(f"{output}/{OWNER}", json.dumps(mark | {"process": 2**22 + 1}).encode())  # a killed one
    delete_files([f"{output}/run.json"])
    require_free_output(output)
    with owning(output):
        open_output(output, {})
        assert storage.list_files(output) == [f"{output}/{OWNER}", f"{output}/run.json"]


def test_of_many_that_claim_at_once_one_wins(store):
    def claim(_):
        try:
            return owner._claim(store.uri("out"), True).token
        except UsageError:
            return ""

    with ThreadPoolExecutor(6) as threads:
        tokens = sorted(threads.map(claim, range(6)))
    assert tokens[:5] == [""] * 5
    assert json.loads(storage.read_bytes(f"{store.uri('out')}/{OWNER}"))["token"] == tokens[5] != ""
