"""A build from S3 to S3: by launcher, workers and guarded children, with the bytes of a local build."""

import hashlib
import json
import shutil
from collections import Counter

import pytest

import beam_runner
from pipeline import options
from schemas.stored.clip import read_clips
from schemas.stored.parquet import read_parquet
from talkshard import main
from tests.end_to_end.conftest import IN_PROCESS, run
from tests.made_media import MadeAudio, make_plain_video
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared, shared
from transforms.beam_support import stores
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions

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
    assert built_in(store, tmp_path / "copy") == local
    names = set(store.objects("out/"))
    assert {"out/dataset.json", "out/run.json", "out/report.html", "out/dataset_card.md"} <= names
    assert not any(".staging" in name for name in names)
    assert all(
        store.fetched_bytes[f"in/{path.relative_to(inputs)}"] <= 2 * path.stat().st_size
        for path in inputs.glob("*.mp4")
    )


def test_commands_read_a_dataset_in_a_store(store, inputs, tmp_path, monkeypatch, capsys):
    upload(store, inputs)
    assert run(store.uri("out"), store.uri("in"), flags=(*IN_PROCESS, *NO_SYNC, *store.flags)) == 0
    DEFAULT_STORE.use()
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)
    assert main(["verify", store.uri("out")]) == 0
    page = store.objects("out/report.html")
    assert main(["report", store.uri("out")]) == 0 and store.objects("out/report.html") == page
    assert main(["overlay", store.uri("out"), "--output", str(tmp_path / "sheets")]) == 0
    assert len(list((tmp_path / "sheets").glob("*.png"))) == 1
    assert main(["probe", store.uri("in/plain.mp4"), *NO_SYNC]) == 0
    assert len(list(read_clips(store.uri("out")))) == 1
    assert "a talk #1.mpg" in capsys.readouterr().out


def test_a_store_that_often_fails_costs_no_row_and_no_byte(store, inputs, local, tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "_FIRST_WAIT_S", 0.01)
    upload(store, inputs)
    asked = Counter()

    def status_of(method, key):
        asked["all"] += 1
        return 503 if asked["all"] % 4 == 0 else 0

    store.status_of = status_of
    assert run(store.uri("out"), store.uri("in"), flags=(*IN_PROCESS, *NO_SYNC, *store.flags)) == 0
    store.status_of = lambda method, key: 0
    assert built_in(store, tmp_path / "copy") == local


def test_a_store_that_fails_for_good_stops_the_run_without_a_failure_row(store, inputs, monkeypatch, capsys):
    upload(store, inputs)
    monkeypatch.setattr(
        options, "store_options", lambda flags, fetch_s: StoreOptions(s3_endpoint_url=store.url, patience_s=1.0)
    )
    store.status_of = lambda method, key: 500 if method in ("GET", "HEAD") and key == "in/plain.mp4" else 0
    assert run(store.uri("out"), store.uri("in"), flags=(*IN_PROCESS, *NO_SYNC, *store.flags)) == 5
    assert "cannot read 's3://bucket/in/plain.mp4' (tried" in capsys.readouterr().err
    assert not any(name.startswith(("out/manifests", "out/dataset")) for name in store.objects("out/"))


def test_no_secret_is_stored(store, inputs, tmp_path, monkeypatch):
    upload(store, inputs)
    address = store.url.removeprefix("http://")
    signed = "X-Amz-Credential=AKIAHIDDEN%2F2026&X-Amz-Signature=5ec3e7"
    names = ("deep/a%20talk%20%231.mpg", "plain.mp4", "other.mkv", "gone.mp4")
    table = tmp_path / "table.csv"
    table.write_text("uri\n" + "".join(f"http://anna:5ec3e7@{address}/bucket/in/{name}?{signed}\n" for name in names))
    given = ("--s3_access_key_id=AKIAHIDDEN", "--s3_secret_access_key", "5ec3e7")
    output = tmp_path / "out"
    command = ["--sources", str(table), "--output", str(output), *IN_PROCESS, *NO_SYNC, *given, *store.flags]
    assert beam_runner.main(command) == 0
    files = {path: path.read_bytes() for path in output.rglob("*") if path.is_file()}
    assert [path for path, data in files.items() if b"5ec3e7" in data or b"AKIAHIDDEN" in data] == []
    stored = read_parquet((output / "manifests/sources/part-00000.parquet").read_bytes())
    assert sorted(name for row in stored["uris"].to_pylist() for name in row) == sorted(names)
    [failed] = read_parquet((output / "manifests/failures/part-00000.parquet").read_bytes()).to_pylist()
    assert (failed["kind"], failed["source_uri"], failed["attempts"]) == ("unreadable", "gone.mp4", 1)
    run_json = json.loads(files[output / "run.json"])
    assert run_json["root"] == f"{store.url}/bucket/in" and "--s3_secret_access_key" in run_json["command_line"]


def test_the_same_files_in_another_folder_give_the_same_bytes(inputs, local, tmp_path):
    shutil.copytree(inputs, tmp_path / "elsewhere")
    assert run(tmp_path / "out", tmp_path / "elsewhere", flags=(*IN_PROCESS, *NO_SYNC)) == 0
    assert hashes(tmp_path / "out") == local
    assert json.loads((tmp_path / "out/run.json").read_text())["root"] == str(tmp_path / "elsewhere")
