"""What an earlier run made is found, and is this run's: with its names, and only where all of it is there."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from pipeline.failures import as_talkshard_error
from schemas.errors import DamagedMedia, IntegrityError, StorageError, UnreadableSource
from transforms.beam_support.coders import use_record_coders
from transforms.beam_support.failure_rows import Place
from transforms.beam_support.guard import Guarded
from transforms.beam_support.results import Memory, StageResults, made_bytes


@dataclass(frozen=True, kw_only=True)
class Item:
    content: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Made:
    text: str
    name: str


use_record_coders(Item, Made)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByContent(Memory):
    needed: str = ""  # a file that a result is not whole without

    def key(self, element: Item) -> str:
        return self.results.key(element.content)

    def nameless(self, record: Made) -> Made:
        return replace(record, name="-")

    def adopted(self, record: Made, element: Item, key: str) -> Made:
        return replace(record, name=element.name)

    def is_whole(self, key, records) -> bool:
        return not self.needed or os.path.exists(self.needed)


class Make(beam.DoFn):
    """Leaves a line for each try."""

    def __init__(self, log: str):
        self._log = log

    def process(self, item: Item) -> Iterator[Made]:
        with open(self._log, "a") as log:
            log.write(item.content + "\n")
        tries = Path(self._log).read_text().split("\n").count(item.content)
        if item.content == "damaged":
            raise DamagedMedia(f"'{item.name}': frame 7")
        if item.content == "gone":
            raise UnreadableSource("it is not there")
        if item.content == "lost":
            made_bytes(self._log + ".npz")
        if item.content == "killed once" and tries == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        yield Made(text=item.content.upper(), name=item.name)


def place(item: Item) -> Place:
    return Place("id-" + item.content, item.name)


@pytest.fixture
def build(tmp_path):
    def run(items, made=(), failed=(), made_by="one", needed="", use_subprocess=False):
        memory = ByContent(results=StageResults(folder=str(tmp_path / "work"), made_by=made_by), needed=needed)
        guarded = Guarded(
            work=Make(str(tmp_path / "log")), stage="make", place=place, memory=memory, use_subprocess=use_subprocess
        )
        (tmp_path / "log").write_text("")
        with beam.Pipeline("FnApiRunner") as pipeline:
            out = pipeline | beam.Create(items).with_output_types(Item) | guarded
            results = out.results | beam.Map(lambda one: (one.text, one.name))
            failures = out.failures | beam.Map(lambda row: (row.kind, row.source_uri, row.message))
            assert_that(results, equal_to(list(made)), label="made")
            assert_that(failures, equal_to(list(failed)), label="failed")
        return sorted((tmp_path / "log").read_text().split("\n")[:-1])

    return run


def test_a_result_is_made_once_and_has_the_name_of_the_element(build):
    assert build([Item(content="a", name="x.mp4")], [("A", "x.mp4")]) == ["a"]
    assert build([Item(content="a", name="y.mp4"), Item(content="b", name="z")], [("A", "y.mp4"), ("B", "z")]) == ["b"]


def test_what_is_made_by_other_settings_is_another_result(build):
    build([Item(content="a", name="x")], [("A", "x")])
    assert build([Item(content="a", name="x")], [("A", "x")], made_by="two") == ["a"]
    assert build([Item(content="a", name="x")], [("A", "x")]) == []


def test_a_failure_of_the_content_is_a_result_and_any_other_is_tried_again(build):
    items = [Item(content="damaged", name="x.mp4"), Item(content="gone", name="y.mp4")]
    damaged, gone = ("damaged", "{}", "'{}': frame 7"), ("unreadable", "y.mp4", "it is not there")
    assert build(items, failed=[tuple(text.format("x.mp4") for text in damaged), gone]) == ["damaged", "gone"]
    items[0] = Item(content="damaged", name="new.mp4")
    assert build(items, failed=[tuple(text.format("new.mp4") for text in damaged), gone]) == ["gone"]


def test_a_result_that_is_cut_off_or_lacks_a_file_is_made_again(build, tmp_path):
    items, made = [Item(content="a", name="x")], [("A", "x")]
    build(items, made)
    [record] = (tmp_path / "work").rglob("*.result")
    record.write_bytes(record.read_bytes()[:-4])
    assert build(items, made) == ["a"]
    assert build(items, made) == []
    assert build(items, made, needed=str(tmp_path / "tubes")) == ["a"]


def test_a_name_that_is_a_part_of_words_changes_no_word(build):
    items = [Item(content="damaged", name="a")]
    build(items, failed=[("damaged", "a", "'a': frame 7")])
    assert build([replace(items[0], name="b")], failed=[("damaged", "b", "'b': frame 7")]) == []


def test_a_work_folder_that_cannot_be_read_is_no_failure_of_the_source(tmp_path):
    results = StageResults(folder=str(tmp_path / "work"), made_by="one")
    assert results.load("k" * 32) is None
    (tmp_path / "work" / "kk" / f"{'k' * 32}.result").mkdir(parents=True)
    with pytest.raises(StorageError, match="work folder"):
        results.load("k" * 32)


def test_what_is_lost_of_an_earlier_stage_is_no_failure_of_the_source(build):
    with pytest.raises(Exception, match="what an earlier stage made is not there") as raised:
        build([Item(content="lost", name="x")])
    assert isinstance(as_talkshard_error(raised.value), IntegrityError)


def test_no_name_is_stored(build, tmp_path):
    build([Item(content="a", name="https://user:password@x/a.mp4")], [("A", "https://user:password@x/a.mp4")])
    [record] = (tmp_path / "work").rglob("*.result")
    stored = StageResults(folder=str(tmp_path / "work"), made_by="one").load(record.stem)
    assert b"password" not in stored and b"A" in stored


def test_an_element_whose_child_was_killed_is_tried_a_second_time(build):
    tries = build([Item(content="killed once", name="x")], [("KILLED ONCE", "x")], use_subprocess=True)
    assert tries == ["killed once"] * 2
