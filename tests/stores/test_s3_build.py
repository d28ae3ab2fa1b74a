"""A build from S3 to S3: by launcher, workers and guarded children, with the bytes of a local build."""

import hashlib
import shutil

import pytest

from tests.end_to_end.conftest import IN_PROCESS, run
from tests.made_media import MadeAudio, make_plain_video
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared, shared

WORKERS = ("--runner=FnApiRunner", "--direct_running_mode=multi_processing", "--direct_num_workers=1")
NO_SYNC = ("--sync", "none")  # stores are no matter of the sync network
pytestmark = [needs_shared, needs_models]


def hashes(output):
    """Path below the dataset -> sha256, of every shard and manifest part."""
    return {
        str(path.relative_to(output)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(output.rglob("*"))
        if path.is_file() and path.parts[len(output.parts)] in ("shards", "manifests")
    }


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A talking face, a video without a face, its double, one by content, and what is no video."""
    folder = tmp_path_factory.mktemp("made") / "in"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(shared("dev/grid_other/lbax4n.mpg"), folder / "deep" / "a talk #1.mpg")
    plain = make_plain_video(folder / "plain.mp4", audio_streams=[MadeAudio(clicks_s=[1.0])])
    shutil.copy(plain, folder / "double.mp4")
    shutil.copy(make_plain_video(folder / "other.mkv", 50), folder / "by_content")
    (folder / "broken.mp4").write_bytes(b"no video")
    (folder / "notes.txt").write_text("no video")
    return folder


@pytest.fixture(scope="module")
def local(inputs, tmp_path_factory):
    """Hashes of the local build."""
    output = tmp_path_factory.mktemp("local") / "out"
    assert run(output, inputs, flags=(*IN_PROCESS, *NO_SYNC)) == 0
    return hashes(output)


def upload(store, folder):
    for path in folder.rglob("*"):
        if path.is_file():
            store.put(f"in/{path.relative_to(folder)}", path.read_bytes())


def built_in(store, folder):
    """Hashes of what a store holds as out."""
    store.download("out/", folder)
    return hashes(folder)


@pytest.mark.parametrize("flags", [IN_PROCESS, WORKERS], ids=["one_process", "workers"])
def test_from_store_to_store_gives_the_bytes_of_a_local_build(store, flags, inputs, local, tmp_path):
    upload(store, inputs)
    assert run(store.uri("out"), store.uri("in"), flags=(*flags, *NO_SYNC, *store.flags)) == 0
    assert set(built_in(store, tmp_path / "copy")) == set(local)
    names = set(store.objects("out/"))
    assert {"out/dataset.json", "out/run.json", "out/report.html", "out/dataset_card.md"} <= names
    assert not any(".staging" in name for name in names)
    assert all(
        store.fetched_bytes[f"in/{path.relative_to(inputs)}"] <= 2 * path.stat().st_size
        for path in inputs.glob("*.mp4")
    )
