"""Lists of takedowns of other datasets: which are taken over, and what is no list."""

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from pipeline.takedown.honor import honored_parts
from schemas.errors import UsageError
from schemas.records import ClipRef, WindowOutcome
from tests.shards.clip_refs import clip_row
from tests.takedown.flags import take_down
from tests.takedown.made_lists import taken, write_list
from transforms.clips.stage import WindowClips, without_taken
from transforms.takedowns.stage import TakeOver


def test_a_subject_is_taken_over_once_and_not_where_the_dataset_has_it(tmp_path):
    first = write_list(tmp_path / "1.parquet", [taken("source", "a"), taken("speaker", "b"), taken("clip", "c")])
    second = write_list(tmp_path / "2.parquet", [taken("source", "a", reason="zz"), taken("clip", "a", generation=9)])
    own = write_list(tmp_path / "own.parquet", [taken("clip", "c"), taken("clip", "d", generation=0)])
    pipeline = beam.Pipeline("FnApiRunner")
    found = pipeline | TakeOver((first, second), (own,))
    subjects = found | beam.Map(lambda row: (row.kind, row.subject, row.reason, row.generation))
    expected = [("source", "a", "asked", 0), ("speaker", "b", "asked", 0), ("clip", "a", "asked", 0)]
    assert_that(subjects, equal_to(expected))
    pipeline.run()


def test_a_list_is_a_dataset_or_a_part_of_its_table(dataset, tmp_path):
    assert take_down(dataset, "--speaker", "ann") == 0
    parts = honored_parts([str(dataset)])
    assert [part.removeprefix(str(dataset)) for part in parts] == [
        "/manifests/takedowns/part-00000.g2.parquet",
        "/manifests/takedowns/part-00000.parquet",
    ]
    assert honored_parts([parts[0], str(dataset), parts[0]]) == parts


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("none.parquet", "cannot be read"),
        ("text.parquet", "cannot be read"),
        ("out/manifests/clips/part-00000.parquet", "is no list"),
        ("none", "holds no dataset.json"),
    ],
)
def test_what_is_no_list_is_one_line(dataset, tmp_path, given, says):
    (tmp_path / "text.parquet").write_text("text")
    with pytest.raises(UsageError, match=says) as refused:
        honored_parts([str(tmp_path / given)])
    assert "\n" not in str(refused.value)


def test_a_clip_on_the_list_becomes_a_decision_of_its_window():
    outcome = WindowOutcome(source_id="s", window_index=3, outcome="clips", num_clips=2, damaged_frames=1)
    clips = tuple(
        ClipRef(
            key=key,
            split="train",
            pack_uri="p",
            offset=0,
            length=1,
            sha256="",
            row=clip_row(key, "s", "train", "source:s"),
        )
        for key in ("k1", "k2")
    )
    window = WindowClips(outcome=outcome, clips=clips, decisions=())
    assert without_taken(window, frozenset({"k3"})) is window
    one = without_taken(window, frozenset({"k1", "k3"}))
    assert [clip.key for clip in one.clips] == ["k2"] and (one.outcome.outcome, one.outcome.num_clips) == ("clips", 1)
    assert [(row.subject_id, row.rule, row.kept, row.source_id) for row in one.decisions] == [
        ("k1", "taken_down", False, "s")
    ]
    none = without_taken(window, frozenset({"k1", "k2"}))
    assert (none.outcome.outcome, none.outcome.num_clips, none.outcome.damaged_frames) == ("decided", 0, 1)
