"""Which folders a run may write to, and what it removes there."""

import json

import pytest

from pipeline.output import (
    normalised_output,
    open_output,
    read_run,
    remove_staging,
    require_free_output,
    require_inputs_outside,
)
from schemas.errors import StorageError, UsageError
from schemas.stored.record import dataset_sha256


def leave(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            json.dumps({"schema_version": "1", "recipe": {}, "packages": {}}) if name == "run.json" else "{}"
        )


def test_a_dataset_is_not_written_over(tmp_path):
    leave(tmp_path, "dataset.json", "run.json")
    with pytest.raises(UsageError, match="holds a dataset already"):
        require_free_output(str(tmp_path))


@pytest.mark.parametrize(
    "names", [("holiday.mp4",), ("run.json", "notes.txt"), ("shards/a.tar",), (".staging/a", "shards/a.tar")]
)
def test_a_folder_with_other_files_is_refused(tmp_path, names):
    leave(tmp_path, *names)
    with pytest.raises(UsageError, match="which no build wrote"):
        require_free_output(str(tmp_path))


@pytest.mark.parametrize("content", ["{}", "[]", "no JSON", '{"recipe": "cake"}'])
def test_a_run_of_another_program_is_no_leftover(tmp_path, content):
    leave(tmp_path, "run.json", "shards/holiday.tar", ".staging/a", "manifests/b")
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(UsageError, match="which no build wrote"):
        require_free_output(str(tmp_path))


def test_a_dataset_that_came_meanwhile_is_not_removed(tmp_path):
    leave(tmp_path, "dataset.json", "run.json", "shards/a.tar")
    with pytest.raises(UsageError, match="holds a dataset already"):
        open_output(str(tmp_path), {})
    assert (tmp_path / "shards/a.tar").exists()


def test_a_file_is_no_output(tmp_path):
    leave(tmp_path, "file")
    with pytest.raises(UsageError, match="is a file"):
        require_free_output(str(tmp_path / "file"))


def test_a_store_without_a_file_system_is_a_usage_error():
    with pytest.raises(UsageError, match="nostore://x"):
        require_free_output("nostore://x/y")


def test_what_a_killed_run_left_is_removed(tmp_path):
    leave(tmp_path, f".{'0' * 32}.tmp")
    leave(
        tmp_path,
        "run.json",
        ".staging/run/progress/a",
        ".staging/work/a.flac",
        "shards/train-000000.tar",
        "manifests/clips/part-00000.parquet",
    )
    require_free_output(str(tmp_path))
    open_output(str(tmp_path), {"a": 1})
    assert {path.name for path in tmp_path.iterdir()} == {"run.json", ".staging"}
    assert [path.name for path in (tmp_path / ".staging").iterdir()] == ["work"]
    assert read_run(str(tmp_path)) == {"a": 1}


def test_what_a_killed_try_at_the_next_generation_left_is_removed_and_nothing_else(tmp_path):
    kept = ("run.json", "dataset.json", ".staging/r/a", "shards/train-000000.tar", "shards/val-000000.g2.tar")
    leave(tmp_path, *kept, "manifests/clips/part-00000.g3.parquet", "shards/train-000000.g3.tar", "run.g3.json")
    (tmp_path / "dataset.json").write_text('{"generation": 2}')
    (tmp_path / "run.g2.json").write_text('{"b": 2}')
    open_output(str(tmp_path), {"a": 1}, 3, dataset_sha256(str(tmp_path)))
    assert read_run(str(tmp_path)) == {"b": 2} and read_run(str(tmp_path), 3) == {"a": 1}
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {*kept, "run.g2.json", "run.g3.json"}


def test_a_dataset_that_another_run_has_changed_is_not_touched(tmp_path):
    leave(tmp_path, "dataset.json", "run.json", "shards/train-000000.g2.tar")
    with pytest.raises(UsageError, match="meanwhile"):
        open_output(str(tmp_path), {}, 2, "0" * 64)
    assert (tmp_path / "shards/train-000000.g2.tar").exists()


def test_a_new_folder_is_made(tmp_path):
    output = normalised_output(f"{tmp_path}/a/b/")
    require_free_output(output)
    open_output(output, {})
    assert read_run(output) == {}


def test_an_output_that_cannot_be_written_is_a_storage_error(tmp_path):
    leave(tmp_path, "file")
    with pytest.raises(StorageError, match="cannot write"):
        open_output(str(tmp_path / "file" / "out"), {})


def test_inputs_among_the_leftovers_are_refused(tmp_path):
    with pytest.raises(UsageError, match="choose another --output"):
        require_inputs_outside(str(tmp_path), [str(tmp_path / "shards" / "a.mp4")])
    require_inputs_outside(str(tmp_path), [str(tmp_path / "a.mp4")])


def test_inputs_are_found_among_the_leftovers_through_links(tmp_path):
    leave(tmp_path, "out/shards/a.mp4")
    (tmp_path / "link").symlink_to(tmp_path / "out")
    with pytest.raises(UsageError):
        require_inputs_outside(str(tmp_path / "link"), [str(tmp_path / "out/shards/a.mp4")])


def test_staging_goes_and_the_rest_stays(tmp_path):
    leave(tmp_path, "dataset.json", ".staging/run/a", ".staging/work/b")
    remove_staging(str(tmp_path), keeps_work=True)
    assert [path.name for path in (tmp_path / ".staging").iterdir()] == ["work"]
    remove_staging(str(tmp_path), keeps_work=False)
    assert [path.name for path in tmp_path.iterdir()] == ["dataset.json"]
