"""`talkshard takedown`: what it shows, what it takes, what it leaves as it is, and what is left nowhere."""

import json

import pytest

import talkshard
from audit.verify import verify_dataset
from schemas.errors import UsageError
from schemas.generations import generation_of
from tests.audit.good_dataset import ANN, ANN_TOO, BEN, BROKEN, SILENT
from tests.end_to_end.conftest import IN_PROCESS, hashes
from tests.takedown.conftest import draw_sheets
from tests.takedown.flags import (
    FIRST,
    OF_ANN_TOO,
    OF_BEN,
    SECOND,
    TRAIN,
    VAL,
    files_with,
    keys_in,
    media_of,
    table,
    take_down,
)
from transforms.media.takedown_list import name_hash, speaker_hash


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_without_yes_it_shows_what_would_go_and_changes_nothing(dataset, capsys):
    before = contents(dataset)
    assert take_down(dataset, "--speaker", "  ANN ", yes=False) == 0
    said = capsys.readouterr().out
    assert f"source {ANN}  /in/{ANN}.mp4  2 clips, 2.00 s" in said and f"source {ANN_TOO}" in said
    assert "2 sources, 3 clips, 3.00 s; written again: 1 of 2 shards, 5 of 7 parts of tables" in said
    assert "give --yes" in said and contents(dataset) == before


@pytest.mark.parametrize(
    ("whom", "sources", "keys"),
    [
        (("--source", ANN_TOO), {ANN_TOO}, {OF_ANN_TOO}),
        (("--source", ANN_TOO, BEN), {ANN_TOO, BEN}, {OF_ANN_TOO, OF_BEN}),
        (("--speaker", "\uff21NN\u200d"), {ANN, ANN_TOO}, {FIRST, SECOND, OF_ANN_TOO}),
        (("--uri", f"/in/{BEN}.mp4"), {BEN}, {OF_BEN}),
        (("--source", BROKEN), {BROKEN}, set()),
    ],
    ids=["source", "sources", "speaker", "uri", "failed"],
)
def test_all_of_a_source_goes_and_all_of_the_others_stays(dataset, whom, sources, keys):
    before = {name: table(dataset, name) for name in ("sources", "decisions", "tracks", "failures", "clips")}
    media = media_of(dataset, *keys)
    assert take_down(dataset, *whom) == 0
    assert verify_dataset(str(dataset)) == []
    assert keys_in(dataset) == sorted(set(row["key"] for row in before["clips"]) - keys)
    for name in ("sources", "decisions", "tracks", "failures"):
        left = [row for row in before[name] if row["source_id"] not in sources]
        assert sorted(map(repr, table(dataset, name))) == sorted(map(repr, left))
    assert files_with(dataset, media) == []


def test_a_single_clip_goes_and_its_source_stays(dataset):
    media, tracks = media_of(dataset, FIRST), table(dataset, "tracks")
    assert take_down(dataset, "--clip", FIRST) == 0
    assert verify_dataset(str(dataset)) == []
    assert keys_in(dataset) == sorted([SECOND, OF_ANN_TOO, OF_BEN]) and files_with(dataset, media) == []
    [row] = [row for row in table(dataset, "sources") if row["source_id"] == ANN]
    assert (row["num_clips"], row["windows_done"], row["windows_decided"], row["status"]) == (1, 1, 0, "clips")
    dropped = [row for row in table(dataset, "decisions") if row["rule"] == "taken_down"]
    assert [(row["subject_id"], row["stage"], row["kept"]) for row in dropped] == [(FIRST, "TakeOut", False)]
    assert table(dataset, "tracks") == tracks


def test_a_source_whose_clips_all_went_is_decided(dataset):
    assert take_down(dataset, "--clip", OF_BEN) == 0
    assert verify_dataset(str(dataset)) == []
    [row] = [row for row in table(dataset, "sources") if row["source_id"] == BEN]
    assert (row["num_clips"], row["windows_done"], row["windows_decided"], row["status"]) == (0, 0, 1, "decided")


def test_a_dataset_of_which_all_was_taken_is_one_without_clips(dataset):
    assert take_down(dataset, "--source", ANN, ANN_TOO, BEN, SILENT, BROKEN) == 0
    assert verify_dataset(str(dataset)) == []
    with pytest.raises(UsageError, match="holds no clip"):
        keys_in(dataset)


def test_only_what_held_any_of_it_is_written_again(dataset):
    before = hashes(dataset)
    assert take_down(dataset, "--source", BEN) == 0
    after = hashes(dataset)
    assert {TRAIN, "manifests/failures/part-00000.parquet"} <= after.keys() and VAL not in after
    assert all(after[path] == before[path] for path in after.keys() & before.keys())
    assert all(generation_of(path) == 2 for path in after.keys() - before.keys())
    record = json.loads((dataset / "dataset.json").read_text())
    assert (record["generation"], record["last_rewrite"]) == (2, 2)
    assert {one["path"] for one in (*record["shards"], *record["manifests"])} == after.keys()


def test_the_list_says_what_why_and_when_and_names_no_one(dataset):
    assert take_down(dataset, "--speaker", "Ann", reason="withdrew consent") == 0
    rows = table(dataset, "takedowns")
    assert {(row["kind"], row["subject"], row["num_clips"]) for row in rows} == {
        ("source", ANN, 2),
        ("source", ANN_TOO, 1),
        ("speaker", speaker_hash("ann"), 0),
    }
    assert {row["content_sha256"] for row in rows} == {"", ANN * 4, ANN_TOO * 4}
    assert {(row["reason"], row["generation"]) for row in rows} == {("withdrew consent", 2)}
    assert all(row["taken_at"].endswith("+00:00") for row in rows)


def test_nothing_names_or_shows_it_any_more(dataset, tmp_path):
    media = media_of(dataset, FIRST, SECOND, OF_ANN_TOO)
    work = tmp_path / "work"
    draw_sheets(dataset)
    assert len(files_with(dataset, media)) == 8 and len(files_with(work, media)) == 3
    assert take_down(dataset, "--speaker", "ann") == 0
    named = (b"ann.mp4", b"ann,", f"{ANN}-w".encode(), f"{ANN_TOO}-w".encode())
    for folder in (dataset, work):
        assert files_with(folder, [*media, *named]) == []
    assert not list(dataset.rglob(f"{ANN}*")) and not list(dataset.rglob("*.tmp"))
    left = [path for place in (work, dataset / ".staging/work") for path in place.rglob("*.result")]
    assert len(left) == 2 and all(path.with_suffix(".pack").exists() for path in left)  # those of ben


def test_records_of_earlier_runs_keep_what_names_no_one(dataset):
    assert take_down(dataset, "--source", ANN) == 0
    first, last = (json.loads((dataset / name).read_text()) for name in ("run.g1.json", "run.json"))
    assert {"recipe", "packages", "models", "verdict", "funnel"} <= first.keys()
    assert not {"command_line", "inputs", "root", "slowest"} & first.keys()
    assert last["command_line"] == ["talkshard takedown", str(dataset), "--source", "..."] and last["inputs"] == []


def test_what_no_build_wrote_is_named_and_left(dataset, capsys):
    (dataset / "notes.txt").write_text("mine")
    assert take_down(dataset, "--source", BEN) == 0
    assert "not looked into, for no build wrote it: notes.txt" in capsys.readouterr().out
    assert (dataset / "notes.txt").read_text() == "mine"


def test_the_same_command_again_removes_what_came_back(dataset, capsys):
    assert take_down(dataset, "--uri", f"/in/{ANN}.mp4") == 0
    (dataset / f"{ANN}.png").write_text("a sheet, copied back")
    capsys.readouterr()
    assert take_down(dataset, "--uri", f"/in/{ANN}.mp4") == 0
    assert "taken down already" in capsys.readouterr().out and not (dataset / f"{ANN}.png").exists()
    assert name_hash(f"/in/{ANN}.mp4") in {row["subject"] for row in table(dataset, "takedowns")}


def test_takedowns_add_up_and_a_repack_keeps_their_list(dataset):
    assert take_down(dataset, "--clip", FIRST) == 0 and take_down(dataset, "--speaker", "ann") == 0
    subjects = {(row["kind"], row["subject"]) for row in table(dataset, "takedowns")}
    assert len(subjects) == 4
    assert talkshard.main(["repack", str(dataset), *IN_PROCESS]) == 0
    assert verify_dataset(str(dataset)) == [] and keys_in(dataset) == [OF_BEN]
    assert {(row["kind"], row["subject"]) for row in table(dataset, "takedowns")} == subjects


@pytest.mark.parametrize(
    ("whom", "says"),
    [
        (("--source", "f" * 16), "has no source 'ffffffffffffffff'"),
        (("--speaker", "anna"), "has no speaker 'anna'"),
        (("--speaker", " "), "--speaker: give a name"),
        (("--clip", "x"), "has no clip 'x'"),
        (("--uri", "/in/x.mp4"), "has no name '/in/x.mp4'"),
        (("--source", ANN, "--clip", FIRST), "not allowed with argument"),
        ((), "is required"),
    ],
)
def test_a_wrong_request_is_one_line_and_changes_nothing(dataset, whom, says, capsys):
    before = contents(dataset)
    assert take_down(dataset, *whom) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and says in said[0] and contents(dataset) == before


def test_a_damaged_shard_stops_it_and_changes_nothing(dataset, capsys):
    pointer = (dataset / "dataset.json").read_bytes()
    with (dataset / TRAIN).open("r+b") as shard:
        shard.seek(2000)
        shard.write(b"x")
    assert take_down(dataset, "--source", ANN) == 4
    assert "is not what was written there" in capsys.readouterr().err
    assert (dataset / "dataset.json").read_bytes() == pointer


def test_it_works_in_a_store(dataset, store, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)
    media = media_of(dataset, FIRST, SECOND, OF_ANN_TOO)
    for path in dataset.rglob("*"):
        if path.is_file():
            store.put(f"out/{path.relative_to(dataset)}", path.read_bytes())
    output = store.uri("out")
    assert take_down(output, "--speaker", "ann", flags=(*IN_PROCESS, *store.flags)) == 0
    assert verify_dataset(output) == []
    left = store.objects("out/")
    assert f"out/{VAL}" in left and f"out/{TRAIN}" not in left
    assert not [key for key, data in left.items() if any(one in data for one in media)]
