"""The auditor's check of a dataset in a store: its faults, its silence, and what it reads."""

import pytest

from audit.verify import verify_dataset
from schemas.errors import StorageError
from talkshard import main
from tests.audit.dataset_copy import DatasetCopy
from tests.audit.good_dataset import write_good_dataset, write_own_pages
from tests.audit.planting import FIRST, TRAIN
from transforms.beam_support.stores import StoreOptions


@pytest.fixture
def made(tmp_path):
    """A copy of the good dataset that a test may change before it is stored."""
    write_good_dataset(tmp_path / "out")
    return DatasetCopy(tmp_path / "out")


def stored(store, copy):
    """The copy in the store; its url."""
    for path in copy.folder.rglob("*"):
        if path.is_file():
            store.put(f"out/{path.relative_to(copy.folder)}", path.read_bytes())
    return store.uri("out")


def test_nothing_is_wrong_with_a_good_dataset_and_each_byte_is_read_a_few_times_only(store, made):
    url = stored(store, made)
    assert verify_dataset(url) == []
    size_bytes = (made.folder / TRAIN).stat().st_size
    assert size_bytes <= store.fetched_bytes[f"out/{TRAIN}"] <= 3 * size_bytes


@pytest.mark.parametrize("processes", [1, 2])
def test_faults_are_those_of_the_same_dataset_in_a_folder(store, made, processes):
    made.change_part(FIRST, "flac", lambda content: content[:-100])
    made.change_row("tracks", lambda row: True, end_rule="bored")
    (made.folder / "faces.zip").write_text("x")
    (made.folder / "shards/test-000007.tar").write_text("x")
    write_own_pages(made.folder)
    (made.folder / "croissant.json").unlink()
    found = verify_dataset(stored(store, made), processes=processes)
    assert found == verify_dataset(str(made.folder)) and len(found) == 5


def test_what_is_missing_in_a_store_is_named(store, made):
    url = stored(store, made)
    store.client.delete_object(Bucket="bucket", Key=f"out/{TRAIN}")
    [problem] = verify_dataset(url)
    assert problem.startswith(f"{TRAIN} cannot be read")


def test_a_store_without_a_dataset_is_one_line(store):
    assert "holds no dataset.json" in verify_dataset(store.uri("nothing"))[0]


def test_a_store_that_does_not_answer_is_no_fault_of_the_dataset(store, made, monkeypatch, capsys):
    url = stored(store, made)
    store.status_of = lambda method, key: 403 if key == f"out/{TRAIN}" else 0
    assert any(line.startswith(f"{TRAIN} cannot be read") for line in verify_dataset(url, quick=True))
    StoreOptions(s3_endpoint_url="http://127.0.0.1:9").use()
    with pytest.raises((StorageError, OSError)):
        verify_dataset(url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert main(["verify", url]) == 5
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("talkshard: cannot read")
