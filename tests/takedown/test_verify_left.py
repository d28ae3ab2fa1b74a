"""`talkshard verify` finds what is left, or came back, of what was taken down: in objects, and in rows of tables."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from audit.verify import verify_dataset
from pipeline.output import WORK
from schemas.codec import encode_record
from schemas.stored.parquet import read_batches
from tests.audit.good_dataset import ANN, BEN, PEOPLE, SILENT
from tests.manifests import made_rows
from tests.takedown.flags import TRAIN, take_down
from tests.takedown.made_lists import taken
from transforms.beam_support.outcome import Outcome
from transforms.beam_support.results import StageResults
from transforms.manifests.parts import part_bytes
from transforms.media.takedown_list import clip_decision, name_hash, speaker_hash
from transforms.recorded.stored_rows import rows_of_batch

OLD_PART = "manifests/{}/part-00000.parquet"


@pytest.fixture(scope="module")
def after(good, tmp_path_factory):
    """The good dataset before and after a takedown of one speaker."""
    folder = shutil.copytree(good, tmp_path_factory.mktemp("left") / "out")
    assert take_down(folder, "--speaker", "ann") == 0
    assert verify_dataset(str(folder)) == []
    return good, folder


@pytest.fixture
def left(after, tmp_path):
    """The dataset before, and a copy of the one after."""
    before, folder = after
    return before, shutil.copytree(folder, tmp_path / "out")


def result_of(folder, source_id):
    results = StageResults(folder=f"{folder}/{WORK}/v1/cut", made_by="")
    Path(results.uri(results.key(source_id), "")).parent.mkdir(parents=True)
    results.save(results.key(source_id), encode_record(Outcome(results=(("WindowClips", source_id.encode()),))))


OBJECTS = {
    "an old shard": (lambda old, new: shutil.copy(old / TRAIN, new / TRAIN), "holds clips that were taken down"),
    "old clips": (
        lambda old, new: shutil.copy(old / OLD_PART.format("clips"), new / OLD_PART.format("clips")),
        "has rows of what was taken down",
    ),
    "old sources": (
        lambda old, new: shutil.copy(old / OLD_PART.format("sources"), new / OLD_PART.format("sources")),
        "has rows of what was taken down",
    ),
    "a result": (lambda old, new: result_of(new, ANN), "is a result of a source that was taken down"),
    "a record": (lambda old, new: shutil.copy(old / "run.json", new / "run.g1.json"), "may name what went"),
    "a sheet": (lambda old, new: (new / f"{ANN}.png").write_bytes(b""), "is called by a source that was taken down"),
    "a page": (
        lambda old, new: (new / "report.html").write_text(f"{ANN}-w00000"),
        f"names a clip or track of source {ANN}",
    ),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_that_is_left_is_a_fault(left, name):
    old, new = left
    plant, says = OBJECTS[name]
    plant(old, new)
    assert any(says in line for line in verify_dataset(str(new)))


def test_results_of_others_and_hashes_of_contents_may_stay(left):
    _, new = left
    result_of(new, BEN)
    hashes = StageResults(folder=f"{new}/{WORK}/v1/hashes", made_by="")
    hashes.save(hashes.key(ANN), (ANN * 4).encode())
    assert verify_dataset(str(new)) == []


def change(folder, table, make):
    """Let a table have the rows that `make` makes of its rows, in one part."""
    record = json.loads((folder / "dataset.json").read_text())
    parts = [part for part in record["manifests"] if part["table"] == table]
    rows = []
    for part in parts:
        with (folder / part["path"]).open("rb") as stream:
            rows += [row for batch in read_batches(stream) for row in rows_of_batch(table, batch)]
    for number, part in enumerate(parts):
        rows = make(rows) if number == 0 else []
        data = part_bytes(table, rows)
        (folder / part["path"]).write_bytes(data)
        part.update(num_rows=len(rows), size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    (folder / "dataset.json").write_text(json.dumps(record))


def of_source(row, source_id, **fields):
    return replace(row, **fields) if row.source_id == source_id else row


ROWS = {
    "a track": ("tracks", lambda rows: [*rows, made_rows.track(f"{ANN}-w00000-t000", ANN)], "1 rows of tracks are of"),
    "a failure": ("failures", lambda rows: [*rows, made_rows.failure(ANN)], "1 rows of failures are of"),
    "a decision": ("decisions", lambda rows: [*rows, made_rows.decision(ANN)], "has a decision by min_box_px"),
    "a content": (
        "sources",
        lambda rows: [of_source(row, SILENT, content_sha256=ANN * 4) for row in rows],
        f"source {SILENT} was taken down, and has a row that no refusal explains",
    ),
    "a speaker": (
        "sources",
        lambda rows: [of_source(row, SILENT, speaker="ANN") for row in rows],
        "speaker 'ANN' was taken down, and is there",
    ),
    "a name": ("takedowns", lambda rows: [*rows, taken("name", name_hash(f"/in/{BEN}.mp4"))], "has a name that was"),
    "a person": ("takedowns", lambda rows: [*rows, taken("person", PEOPLE[BEN])], f"of person {PEOPLE[BEN]}, who was"),
    "a clip": ("takedowns", lambda rows: [*rows, taken("clip", f"{BEN}-w00000-t000-0000050")], "and is there"),
    "a subject twice": (
        "takedowns",
        lambda rows: [*rows, taken("speaker", speaker_hash("ann"))],
        f"the takedown of speaker {speaker_hash('ann')} has 2 rows",
    ),
    "a copy": (
        "decisions",
        lambda rows: [
            *rows,
            replace(
                clip_decision("k", SILENT),
                stage="FindCopies",
                rule="duplicate",
                value_text=f"{ANN}-w00000-t000-0000000",
            ),
        ],
        f"the decision of clip k names {ANN}-w00000-t000-0000000, which was taken down",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_that_is_left_is_a_fault(left, name):
    _, new = left
    table, make, says = ROWS[name]
    change(new, table, make)
    assert any(says in line for line in verify_dataset(str(new)))
