"""Two runs that start from one dataset at once: the first that ends wins, and the other spoils nothing of it."""

import os
import shutil

import pytest

from audit.verify import verify_dataset
from pipeline.graph import build_graph
from pipeline.launch import build
from pipeline.owner import OWNER
from tests.end_to_end.conftest import run
from tests.end_to_end.test_same_bytes import hashes
from tests.generations.test_append import APPEND, keys_in
from transforms.beam_support import storage
from transforms.beam_support.deletions import delete_files


@pytest.fixture
def other(inputs, tmp_path):
    """Another recording than that of the folder `new`, with the same face."""
    folder = tmp_path / "other"
    folder.mkdir()
    shutil.copy(inputs / "a.mpg", folder / "c.mpg")
    with open(folder / "c.mpg", "ab") as file:
        file.write(bytes(2048))
    return folder


def overtaken_by(other, output, lose_mark):
    """A graph before whose run another one begins and ends, past the mark of the owner."""

    def make_graph(pipeline, plan):
        staged = {uri: storage.read_bytes(uri) for uri in storage.list_files(plan.staging)}
        lose_mark()
        assert run(output, other, flags=plan_flags(plan)) == 0
        for uri, content in staged.items():
            storage.write_once(uri, content)
        build_graph(pipeline, plan)

    return make_graph


def plan_flags(plan):
    return (*APPEND, *(flag for flag in plan.beam_options if flag.startswith("--s3_")))


def test_the_second_to_end_is_refused_and_the_dataset_is_that_of_the_first(dataset, inputs, other, capfd):
    graph = overtaken_by(other, dataset, lambda: os.unlink(dataset / OWNER))
    argv = ["--input", str(inputs / "new"), "--output", str(dataset), *APPEND]
    assert build(argv, "talkshard build", graph) == 4
    assert "another run has written" in capfd.readouterr().err
    assert verify_dataset(str(dataset)) == [] and any(key for key in keys_in(dataset))
    winner = hashes(dataset)
    assert run(dataset, inputs / "new", flags=APPEND) == 0
    assert verify_dataset(str(dataset)) == []
    assert {path: sha256 for path, sha256 in hashes(dataset).items() if path in winner} == winner


def test_in_a_store_too(store, dataset, inputs, other, monkeypatch, capfd):
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)
    for path in dataset.rglob("*"):
        if path.is_file():
            store.put(f"out/{path.relative_to(dataset)}", path.read_bytes())
    output = store.uri("out")
    keys = keys_in(output)
    graph = overtaken_by(other, output, lambda: delete_files([f"{output}/{OWNER}"]))
    argv = ["--input", str(inputs / "new"), "--output", output, *APPEND, *store.flags]
    assert build(argv, "talkshard build", graph) == 4
    assert "another run has written" in capfd.readouterr().err
    assert verify_dataset(output) == [] and set(keys) < set(keys_in(output))
