"""The graph's last step: manifests are written, checked, and published or not."""

import hashlib
import json
import random
from dataclasses import replace

import apache_beam as beam
import fsspec
import pyarrow.parquet as pq
import pytest
from apache_beam.testing.util import assert_that, equal_to
from fsspec.implementations.memory import MemoryFileSystem

from schemas.arrow_tables import arrow_schema
from schemas.errors import IntegrityError, StorageError
from schemas.generations import run_record_name
from schemas.schema_version import SCHEMA_VERSION
from schemas.stored.record import dataset_sha256
from schemas.tables import TABLES
from tests.manifests.made_rows import ENDED, decision, facts, failure, other_rows, outcome, track
from transforms.manifests.generation import FIRST, Generation
from transforms.manifests.parts import PART_BYTES, ManifestPart, bytes_of_row, num_parts, part_bytes, part_of_row
from transforms.manifests.stage import CommitDataset, MakeSourceRows, WriteManifests


def commit(
    output,
    ended=ENDED,
    rows=None,
    num_inputs=3,
    max_bugs=3,
    max_failed_share=0.5,
    shards=True,
    seed=0,
    generation=FIRST,
    known=0,
):
    """Run the end of the graph; returns the run's record."""
    rows = other_rows() if rows is None else rows
    shuffled = {name: random.Random(seed).sample(found, len(found)) for name, found in ended.items()}
    for name in ("train-000000", "val-000000") if shards else ():
        (output / "shards").mkdir(parents=True, exist_ok=True)
        (output / "shards" / f"{name}.tar").write_bytes(bytes(10_240))
    limits = (num_inputs, max_bugs, max_failed_share)
    run_end(str(output), shuffled, random.Random(seed).sample(rows, len(rows)), *limits, generation, known)
    return json.loads((output / run_record_name(generation.number)).read_bytes())


def run_end(output, ended, rows, num_inputs=3, max_bugs=3, max_failed_share=0.5, generation=FIRST, known=0):
    """Run the end of the graph on rows in this order."""
    with beam.Pipeline("FnApiRunner") as pipeline:
        made = {name: pipeline | name >> beam.Create(found) for name, found in ended.items()}
        others = pipeline | "rows" >> beam.Create(rows)
        every = (made | MakeSourceRows(), others) | beam.Flatten()
        parts = every | WriteManifests(output, generation=generation.number)
        commit = CommitDataset(
            output, num_inputs, max_bugs, max_failed_share, {"started": "now"}, generation=generation
        )
        verdicts = {"parts": parts, "known": pipeline | "known" >> beam.Create([known])} | commit
        assert_that(verdicts | beam.Map(lambda verdict: type(verdict).__name__), equal_to(["Verdict"]))


def files(output):
    return {
        str(path.relative_to(output)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in output.rglob("*")
        if path.is_file() and path.name != "run.json"
    }


def test_a_complete_run_is_published_with_the_hash_of_every_object(tmp_path):
    run = commit(tmp_path)
    assert run["verdict"] | {"ok": True, "exit_code": 0, "problems": [], "num_clips": 3} == run["verdict"]
    assert run["started"] == "now" and run["funnel"][0]["rule"] == "min_box_px"
    dataset = json.loads((tmp_path / "dataset.json").read_bytes())
    assert (dataset["generation"], dataset["schema_version"]) == (1, SCHEMA_VERSION)
    assert [(shard["path"], shard["num_clips"]) for shard in dataset["shards"]] == [
        ("shards/train-000000.tar", 2),
        ("shards/val-000000.tar", 1),
    ]
    for part in dataset["manifests"]:
        data = (tmp_path / part["path"]).read_bytes()
        assert (part["sha256"], part["size_bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert {part["table"] for part in dataset["manifests"]} == set(TABLES)


def test_any_order_and_a_second_run_give_the_same_bytes(tmp_path):
    commit(tmp_path / "a", seed=1)
    first = files(tmp_path / "a")
    commit(tmp_path / "a", seed=2)
    assert files(tmp_path / "a") == first and "dataset.json" in first


def test_a_later_generation_names_its_parent_and_leaves_every_object_of_it(tmp_path):
    commit(tmp_path)
    first = files(tmp_path)
    parent = dataset_sha256(str(tmp_path))
    commit(tmp_path, shards=False, generation=Generation(number=2, parent_sha256=parent, last_rewrite=2))
    record = json.loads((tmp_path / "dataset.json").read_bytes())
    assert (record["generation"], record["parent_sha256"], record["run"]) == (2, parent, "run.g2.json")
    assert all(part["path"].endswith(".g2.parquet") for part in record["manifests"])
    assert {name: sha256 for name, sha256 in files(tmp_path).items() if name in first and name != "dataset.json"} == {
        name: sha256 for name, sha256 in first.items() if name != "dataset.json"
    }


@pytest.mark.parametrize("number", [1, 2])
def test_a_run_that_another_was_faster_than_spoils_nothing(tmp_path, number):
    commit(tmp_path)
    published = (tmp_path / "dataset.json").read_bytes()
    (tmp_path / "dataset.json").write_bytes(published.replace(b"train", b"other"))
    before = files(tmp_path), (tmp_path / "run.json").read_bytes()
    late = Generation(number=number, parent_sha256=hashlib.sha256(published).hexdigest() if number > 1 else "")
    with pytest.raises(IntegrityError, match="another run has written"):
        commit(tmp_path, shards=False, generation=late)
    assert ({**files(tmp_path), **before[0]}, (tmp_path / "run.json").read_bytes()) == (files(tmp_path), before[1])


@pytest.mark.parametrize(
    "ended, line",
    [
        ({**ENDED, "outcomes": ENDED["outcomes"][1:]}, "was split into 2 windows, but 1"),
        (
            {**ENDED, "outcomes": [*ENDED["outcomes"], outcome("b" * 16, 1, "decided")]},
            "was split into 2 windows, but 3",
        ),
        ({**ENDED, "outcomes": [*ENDED["outcomes"], outcome("a" * 16, 1, "decided")]}, "into 2 windows, but 3"),
        ({**ENDED, "failures": ENDED["failures"][1:]}, "was split into 2 windows, but 1"),
        ({**ENDED, "facts": ENDED["facts"][:2]}, "3 inputs were listed, but the source rows name 2"),
        ({**ENDED, "facts": [*ENDED["facts"], ENDED["facts"][0]]}, "has 2 rows"),
    ],
    ids=["lost window", "window twice", "window failed and decided", "lost failure", "lost source", "source twice"],
)
def test_a_lost_or_repeated_element_is_found_and_nothing_is_published(tmp_path, ended, line):
    run = commit(tmp_path, ended)
    assert run["verdict"]["exit_code"] == 4 and not run["verdict"]["ok"]
    assert any(line in problem for problem in run["verdict"]["problems"])
    assert not (tmp_path / "dataset.json").exists()


def test_a_lost_clip_is_found(tmp_path):
    rows = [row for row in other_rows() if getattr(row, "key", "") != "k2"]
    assert commit(tmp_path, rows=rows)["verdict"]["exit_code"] == 4


def test_a_missing_shard_is_found(tmp_path):
    problems = commit(tmp_path, shards=False)["verdict"]["problems"]
    assert len(problems) == 2 and "train-000000.tar" in problems[0]


def test_a_short_shard_is_found(tmp_path):
    commit(tmp_path)
    (tmp_path / "shards/val-000000.tar").write_bytes(b"")
    (tmp_path / "dataset.json").unlink()
    run = commit(tmp_path, shards=False)
    assert run["verdict"]["problems"] == ["shards/val-000000.tar has 0 bytes, not 10240"]


class LaggingStore(MemoryFileSystem):
    """A store whose listing has nothing of what was written."""

    protocol = "lagging"
    store, pseudo_dirs = {}, [""]

    def find(self, path, maxdepth=None, withdirs=False, detail=False, **options):
        """List nothing."""
        return {} if detail else []


def test_a_shard_that_a_store_does_not_list_yet_is_asked_for(tmp_path):
    fsspec.register_implementation("lagging", LaggingStore, clobber=True)
    store = fsspec.filesystem("lagging")
    rows, output = other_rows(), "lagging://bucket/out"
    for shard in ("train-000000", "val-000000"):
        store.pipe_file(f"{output}/shards/{shard}.tar", bytes(10_240))
    run_end(output, ENDED, rows)
    assert json.loads(store.cat_file(f"{output}/run.json"))["verdict"]["ok"]
    store.pipe_file(f"{output}/shards/val-000000.tar", b"short")
    store.rm_file(f"{output}/shards/train-000000.tar")
    store.rm_file(f"{output}/dataset.json")
    run_end(output, ENDED, rows)
    missing, short = json.loads(store.cat_file(f"{output}/run.json"))["verdict"]["problems"]
    assert "train-000000.tar" in missing and short == "shards/val-000000.tar has 5 bytes, not 10240"


def test_a_part_that_is_not_what_was_written_is_found(tmp_path):
    commit(tmp_path)
    parts = [ManifestPart(**part) for part in json.loads((tmp_path / "dataset.json").read_bytes())["manifests"]]
    (tmp_path / parts[0].path).write_bytes(b"PAR1")
    (tmp_path / parts[1].path).unlink()
    (tmp_path / "dataset.json").unlink()
    with beam.Pipeline("FnApiRunner") as pipeline:
        written = {"parts": pipeline | beam.Create(parts), "known": pipeline | "known" >> beam.Create([0])}
        written | CommitDataset(str(tmp_path), 3, 3, 0.5, {})
    verdict = json.loads((tmp_path / "run.json").read_bytes())["verdict"]
    assert verdict["exit_code"] == 4 and len(verdict["problems"]) == 2
    assert f"{parts[0].path} is not what was written there" in verdict["problems"]


def only_failed(kind="not_media"):
    ended = {"splits": [], "facts": ENDED["facts"][2:], "outcomes": [], "failures": [failure("c" * 16, kind=kind)]}
    return ended, ended["failures"]


def test_too_many_failed_sources_fail_the_run(tmp_path):
    run = commit(tmp_path, *only_failed(), num_inputs=1)
    assert run["verdict"]["exit_code"] == 1 and "1 of 1 sources failed" in run["verdict"]["problems"][0]


def test_too_many_failed_windows_of_a_source_with_clips_fail_the_run(tmp_path):
    timeouts = [failure("a" * 16, window_index, "timeout") for window_index in range(1, 720)]
    ended = ENDED | {"facts": [facts("a" * 16, 720), *ENDED["facts"][1:]], "failures": [*timeouts, failure("c" * 16)]}
    rows = [*timeouts, *(row for row in other_rows() if getattr(row, "window_index", 0) != 1)]
    verdict = commit(tmp_path, ended, rows)["verdict"]
    assert verdict["exit_code"] == 1 and not (tmp_path / "dataset.json").exists()
    assert [line.split(",")[0] for line in verdict["problems"]] == [
        "719 of 722 windows failed",
        "28760 of 28880 seconds of video failed",
    ]


def test_too_many_bugs_fail_the_run(tmp_path):
    run = commit(tmp_path, *only_failed("bug"), num_inputs=1, max_bugs=0, max_failed_share=1)
    assert run["verdict"]["exit_code"] == 1 and "--max_bugs 0" in run["verdict"]["problems"][0]


def test_a_run_without_clips_says_so_and_writes_every_table(tmp_path):
    run = commit(tmp_path, *only_failed(), num_inputs=1, max_failed_share=1)
    assert (run["verdict"]["exit_code"], run["verdict"]["num_clips"]) == (3, 0)
    assert not (tmp_path / "dataset.json").exists()
    for name in TABLES:
        stored, expected = (
            pq.read_table(tmp_path / "manifests" / name / "part-00000.parquet").schema,
            arrow_schema(name),
        )
        assert stored.names == expected.names and stored.metadata == expected.metadata
        assert [field.metadata for field in stored] == [field.metadata for field in expected]


def test_an_output_that_cannot_be_written_is_a_storage_error(tmp_path):
    (tmp_path / "manifests").write_text("in the way")
    with pytest.raises(StorageError, match=r"cannot write .*manifests"):
        commit(tmp_path)


def test_equal_rows_in_any_order_give_the_same_part():
    rows = [decision("a" * 16, kept) for kept in (True, False)] + [decision("b" * 16)]
    assert part_bytes("decisions", rows) == part_bytes("decisions", rows[::-1])


def test_the_number_of_parts_grows_with_the_bytes_of_the_rows():
    assert [num_parts(size) for size in (0, 1, PART_BYTES, PART_BYTES + 1, 10 * PART_BYTES)] == [1, 1, 1, 2, 10]
    short = track("t1", "a" * 16)
    long = replace(short, boxes_xyxy=short.boxes_xyxy * 375, interpolated=(False,) * 750)
    assert bytes_of_row(long) > 30 * bytes_of_row(short) > 30 * 1000


def test_rows_are_spread_evenly_over_parts():
    parts = [part_of_row(decision(f"{number:016d}"), 4) for number in range(2000)]
    assert all(abs(parts.count(part) - 500) < 80 for part in range(4))
