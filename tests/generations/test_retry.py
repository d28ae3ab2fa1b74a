"""`build --retry_failures`: failed sources are done again, and their rows take the place of those that are there."""

import hashlib
import json
import shutil
from dataclasses import asdict, replace

import pytest

from audit.verify import verify_dataset
from beam_runner import main
from pipeline.commands.report import main as report
from schemas.stored.manifests import stored_manifests
from schemas.stored.tables import stored_table
from schemas.tables import FailureRow
from tests.end_to_end.conftest import IN_PROCESS
from tests.end_to_end.test_same_bytes import hashes
from tests.generations.kills import KILLED, run_killed
from tests.generations.test_append import keys_in
from tests.takedown.flags import take_down
from transforms.manifests.accounting import totals
from transforms.manifests.parts import part_bytes
from transforms.recorded.stored_rows import rows_of_batch

NAMES = ("a.mpg", "broken.mp4", "gone.mpg", "late.mpg")


def retry(output, *flags):
    return main(["--retry_failures", "--output", str(output), *IN_PROCESS, *flags])


@pytest.fixture(scope="module")
def built(inputs, tmp_path_factory):
    """A dataset of a good file, one that is no video, and two that were not there yet; and its inputs."""
    folder = tmp_path_factory.mktemp("retry")
    (folder / "in").mkdir()
    for name in NAMES[:2]:
        shutil.copy(inputs / name, folder / "in" / name)
    table = folder / "table.csv"
    table.write_text(
        "uri,speaker,split\n" + "".join(f"in/{name},{name[0]},{'val' * ('l' in name)}\n" for name in NAMES)
    )
    flags = ("--sync", "none", "--max_failed_share", "0.9")
    assert main(["--sources", str(table), "--output", str(folder / "out"), *IN_PROCESS, *flags]) == 0
    return folder


@pytest.fixture
def dataset(built, inputs, tmp_path):
    """A copy of the dataset, whose late file has come."""
    shutil.copytree(built, tmp_path / "copy")
    shutil.copy(inputs / "new" / "b.mpg", tmp_path / "copy" / "in" / "late.mpg")
    record = tmp_path / "copy" / "out" / "run.json"
    record.write_text(record.read_text().replace(str(built), str(tmp_path / "copy")))
    return tmp_path / "copy" / "out"


def failed(output):
    return {row["source_uri"]: row for row in stored_table(str(output), "failures").to_pylist()}


def test_failed_sources_are_done_again_and_all_others_stay(dataset):
    before, keys = hashes(dataset), keys_in(dataset)
    assert failed(dataset).keys() == {"broken.mp4", "gone.mpg", "late.mpg"}
    assert retry(dataset, "--max_failed_share", "0.9") == 0
    after = hashes(dataset)
    assert {path: after[path] for path in before} == before and verify_dataset(str(dataset)) == []
    assert {name: row["attempts"] for name, row in failed(dataset).items()} == {"broken.mp4": 1, "gone.mpg": 2}
    assert set(keys) < set(keys_in(dataset))
    rows = {row["uris"][0]: row for row in stored_table(str(dataset), "sources").to_pylist()}
    assert rows.keys() == set(NAMES)
    assert (rows["late.mpg"]["speaker"], rows["late.mpg"]["split"], rows["late.mpg"]["status"]) == ("l", "val", "clips")
    record = json.loads((dataset / "dataset.json").read_text())
    assert (record["generation"], record["last_rewrite"]) == (2, 2)


def rewrite(output, table, change):
    """Make a table that adds up of the rows that `change` makes of its rows."""
    path = f"manifests/{table}/part-00000.parquet"
    stored = stored_table(str(output), table)
    rows = change([row for batch in stored.to_batches() for row in rows_of_batch(table, batch)])
    data = part_bytes(table, rows)
    (output / path).write_bytes(data)
    record = json.loads((output / "dataset.json").read_text())
    for part in record["manifests"]:
        if part["path"] == path:
            part.update(num_rows=len(rows), size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    (output / "dataset.json").write_text(json.dumps(record))


def count_again(output):
    """Let the record of the run count what the tables hold."""
    path = output / json.loads((output / "dataset.json").read_text())["run"]
    run = json.loads(path.read_text())
    with stored_manifests(str(output)) as manifests:
        run["verdict"] |= asdict(totals(manifests))
    path.write_text(json.dumps(run))
    assert report([str(output)], "talkshard report") == 0


def add_failure(output):
    """Give the good source a second window, which failed; the source's id."""
    [source] = [row for row in stored_table(str(output), "sources").to_pylist() if row["uris"] == ["a.mpg"]]
    more = {"stage": "TrackFaces", "kind": "timeout", "message": "it took too long", "source_uri": "a.mpg"}
    row = FailureRow(**more, source_id=source["source_id"], window_index=1, attempts=2)
    rewrite(output, "failures", lambda rows: [*rows, row])

    def with_window(row):
        return replace(row, num_windows=2, windows_failed=1) if row.uris == ("a.mpg",) else row

    rewrite(output, "sources", lambda rows: [with_window(row) for row in rows])
    count_again(output)
    assert verify_dataset(str(output)) == []
    return source["source_id"]


def places(output, source_id):
    rows = stored_table(str(output), "clips").to_pylist()
    return {row["key"]: (row["shard"], row["tar_offset"]) for row in rows if row["source_id"] == source_id}


def test_clips_that_are_stored_keep_their_places(dataset):
    source_id = add_failure(dataset)
    before = places(dataset, source_id)
    assert retry(dataset, "--max_failed_share", "0.9") == 0
    assert places(dataset, source_id) == before and before
    assert failed(dataset).keys() == {"broken.mp4", "gone.mpg"} and verify_dataset(str(dataset)) == []


def test_a_clip_that_was_taken_down_does_not_come_back(dataset):
    source_id = add_failure(dataset)
    [key] = places(dataset, source_id)
    assert take_down(dataset, "--clip", key) == 0 and verify_dataset(str(dataset)) == []
    assert retry(dataset, "--max_failed_share", "0.9") == 0
    assert verify_dataset(str(dataset)) == [] and key not in keys_in(dataset)
    [dropped] = [row for row in stored_table(str(dataset), "decisions").to_pylist() if row["rule"] == "taken_down"]
    assert (dropped["subject_id"], dropped["source_id"], dropped["stage"]) == (key, source_id, "TakeOut")
    [row] = stored_table(str(dataset), "takedowns").to_pylist()
    assert (row["kind"], row["subject"]) == ("clip", key)


def test_a_source_with_clips_that_is_gone_keeps_its_rows(dataset):
    source_id = add_failure(dataset)
    (dataset.parent / "in" / "a.mpg").unlink()
    before = places(dataset, source_id)
    assert retry(dataset, "--max_failed_share", "0.9") == 0
    assert places(dataset, source_id) == before and "a.mpg" in failed(dataset)
    assert "late.mpg" not in failed(dataset)


def test_a_source_with_clips_whose_file_is_another_now_keeps_its_rows(dataset):
    source_id = add_failure(dataset)
    shutil.copy(dataset.parent / "in" / "late.mpg", dataset.parent / "in" / "a.mpg")
    before = places(dataset, source_id)
    assert retry(dataset, "--max_failed_share", "0.9") == 0
    assert places(dataset, source_id) == before and "a.mpg" in failed(dataset)


def test_a_source_that_was_told_apart_by_its_name_is_found(dataset):
    table, share = str(dataset.parent / "table.csv"), ("--max_failed_share", "0.9")
    append = ("--append", "--output", str(dataset), *IN_PROCESS, *share, "--set", "limits.duration_h=0.0001")
    assert main(["--sources", table, *append]) == 0
    assert failed(dataset)["late.mpg#g2"]["kind"] == "limit"
    assert retry(dataset, *share, "--set", "limits.duration_h=1") == 0
    assert failed(dataset).keys() == {"broken.mp4", "gone.mpg"}
    [late] = [row for row in stored_table(str(dataset), "sources").to_pylist() if "late.mpg" in row["uris"]]
    assert late["uris"] == ["late.mpg", "late.mpg#g2"] and late["status"] == "clips"


def test_a_reader_opens_the_dataset_all_the_while_and_a_killed_retry_is_done_again(dataset):
    keys = keys_in(dataset)
    flags = ("--retry_failures", "--output", dataset, *IN_PROCESS, "--max_failed_share", "0.9")
    assert run_killed("build", *flags) == KILLED
    assert keys_in(dataset) == keys and verify_dataset(str(dataset)) == []
    assert retry(dataset, "--max_failed_share", "0.9") == 0
    assert set(keys) < set(keys_in(dataset)) and verify_dataset(str(dataset)) == []


def test_sources_are_found_in_another_root(dataset, tmp_path):
    (dataset.parent / "in").rename(tmp_path / "moved")
    assert retry(dataset, "--max_failed_share", "0.9", "--root", str(tmp_path / "moved")) == 0
    assert failed(dataset).keys() == {"broken.mp4", "gone.mpg"}


def test_failures_that_cannot_pass_are_nothing_to_do(first_build, tmp_path, capsys):
    output = shutil.copytree(first_build, tmp_path / "out")
    before = hashes(output)
    assert retry(output) == 0 and "no failure that may pass" in capsys.readouterr().out
    assert hashes(output) == before and not (output / "run.g2.json").exists()


def test_limits_may_differ_and_other_settings_may_not(dataset, capsys):
    assert retry(dataset, "--set", "faces.min_box_px=99") == 2
    assert "faces.min_box_px was 32.0 and is 99.0" in capsys.readouterr().err
    assert retry(dataset, "--set", "limits.window_s=600", "--max_failed_share", "0.9") == 0
