"""What auditors run on a dataset in S3, with sources in S3 or behind http, under odd names."""

import functools
import http.server
import shutil
import threading
from dataclasses import replace
from urllib.parse import quote

import pytest

import talkshard
from schemas.stored.tables import stored_table
from tests.audit.good_dataset import write_good_dataset
from tests.audit.made_dataset import write_dataset
from tests.made_media import MadeAudio, damage_packets, make_plain_video
from tests.manifests import made_rows
from transforms.manifests.source_rows import source_row

D = "d" * 16
ODD = 'deep/50%25 #1? zoë\'s "late".mp4'


def run(capsys, *arguments):
    """What a command prints, without the program's errors."""
    assert talkshard.main(list(map(str, arguments))) == 0
    return capsys.readouterr().out


def upload(store, folder, prefix):
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            store.put(f"{prefix}/{path.relative_to(folder)}", path.read_bytes())


def dataset_of(folder, *names):
    """A dataset with a tracked source of each of these names, and nothing else that can be drawn."""
    rows = []
    for number, name in enumerate(names):
        source_id = f"{number:x}" * 16
        facts = made_rows.facts(source_id, 1, uris=(name,))
        track = made_rows.track(f"{source_id}-w00000-t000", source_id)
        frames = {"end_frame": 20, "boxes_xyxy": (track.box_xyxy,) * 20, "interpolated": (False,) * 20}
        rows += [source_row(facts, [made_rows.outcome(source_id, 0, "decided")], 0), replace(track, **frames)]
    write_dataset(folder, more_rows=rows)
    return folder


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A video of two seconds."""
    return make_plain_video(tmp_path_factory.mktemp("video") / "made.mp4", 50, audio_streams=[MadeAudio(clicks_s=[])])


@pytest.fixture
def sources(tmp_path, video):
    """A folder that holds the video under an odd name."""
    folder = tmp_path / "in"
    (folder / ODD).parent.mkdir(parents=True)
    shutil.copy(video, folder / ODD)
    return folder


def drawn(folder):
    return [path.name for path in folder.iterdir()]


def test_overlays_of_odd_names_are_drawn_from_a_store(store, sources, tmp_path, capsys):
    upload(store, sources, "in")
    upload(store, dataset_of(tmp_path / "out", ODD), "out")
    found = run(capsys, "overlay", store.uri("out"), "--output", tmp_path / "o", "--root", store.uri("in"))
    assert drawn(tmp_path / "o") == [f"{'0' * 16}.png"] and ODD in found


def test_overlays_of_names_that_are_no_utf8_are_drawn(sources, tmp_path, capsys):
    (sources / ODD).rename(sources / b"\xff\xfe.mp4".decode(errors="surrogateescape"))
    dataset = dataset_of(tmp_path / "out", "file:%FF%FE.mp4")
    run(capsys, "overlay", dataset, "--output", tmp_path / "o", "--root", sources)
    assert drawn(tmp_path / "o") == [f"{'0' * 16}.png"]


def test_overlays_of_percent_encoded_urls_are_drawn(sources, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TALKSHARD_CACHE", str(tmp_path / "cache"))
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(sources))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}"
        dataset = dataset_of(tmp_path / "out", f"{root}/{quote(ODD)}")
        run(capsys, "overlay", dataset, "--output", tmp_path / "o")
        server.shutdown()
    assert drawn(tmp_path / "o") == [f"{'0' * 16}.png"]


def test_a_source_in_a_store_of_which_no_frame_decodes_is_named_and_the_others_are_drawn(
    store, sources, tmp_path, capsys
):
    whole = make_plain_video(tmp_path / "whole.mkv", 50, codec="ffv1")
    damage_packets(whole, range(50), sources / "damaged.mkv")
    upload(store, sources, "in")
    dataset = dataset_of(tmp_path / "out", "damaged.mkv", ODD)
    found = run(capsys, "overlay", dataset, "--output", tmp_path / "o", "--root", store.uri("in"))
    assert "talkshard overlay: 'damaged.mkv': none of the 4 frames to draw can be decoded" in found
    assert drawn(tmp_path / "o") == [f"{'1' * 16}.png"]


def test_a_clip_in_a_store_is_shown_and_its_report_written(store, tmp_path, capsys):
    write_good_dataset(tmp_path / "out")
    upload(store, tmp_path / "out", "out")
    before = set(store.objects("out/"))
    run(capsys, "report", store.uri("out"))
    assert set(store.objects("out/")) >= before | {"out/report.html", "out/dataset_card.md"}
    assert run(capsys, "diff", tmp_path / "out", store.uri("out")).count("0 came, 0 went, 0 changed") == 2

    key = stored_table(str(tmp_path / "out"), "clips", ["key"])["key"][0].as_py()
    for name in ("clip.png", "clip.mp4"):
        assert key in run(capsys, "show", store.uri("out"), key, "--output", tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000
