"""Clips that show what was taken down are refused, however they were encoded: FindCopies compares them."""

import random

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from tests.copies.made_clips import fingerprint_of
from tests.copies.test_find_copies import clip, outcome
from tests.takedown.made_lists import taken, write_list
from transforms.copies.config import CopiesConfig
from transforms.copies.stage import FindCopies
from transforms.takedowns.stage import ReadRemoved

A, B, C, GONE = (letter * 16 for letter in "abcf")


@pytest.fixture
def removed(tmp_path):
    """A list with the performance 1, of a source that had two clips."""
    prints = (fingerprint_of(1), fingerprint_of(9, num_frames=50))
    rows = [taken("source", GONE, fingerprints=prints), taken("speaker", "0" * 64)]
    return write_list(tmp_path / "list.parquet", rows)


@pytest.mark.parametrize("max_shared", [0.5, 1.0])
def test_a_clip_that_shows_what_was_taken_down_is_dropped(removed, max_shared):
    clips = [clip(A, 1, shown_s=0.04), clip(B, 2), clip(C, 1, shown_s=1.0, face_source_px=300.0)]
    outcomes = [outcome(name, 1) for name in (A, B, C)]
    with beam.Pipeline("FnApiRunner") as pipeline:
        given = {
            "clips": pipeline | beam.Create(random.Random(1).sample(clips, 3)),
            "outcomes": pipeline | "Ends" >> beam.Create(outcomes),
            "removed": pipeline | ReadRemoved((removed,)),
        }
        out = given | FindCopies(CopiesConfig(max_shared=max_shared))
        assert_that(out.clips | beam.Map(lambda ref: ref.row.source_id), equal_to([B]), label="clips")
        said = out.decisions | beam.Map(lambda row: (row.source_id, row.stage, row.rule, row.value_text, row.kept))
        expected = [
            (A, "TakeOut", "taken_down", "copy", False),
            (C, "TakeOut", "taken_down", "copy", False),
            (B, "FindCopies", "duplicate", "", True),
        ]
        assert_that(said, equal_to(expected), label="decisions")
        ended = out.outcomes | beam.Map(lambda one: (one.source_id, one.outcome, one.num_clips))
        assert_that(ended, equal_to([(A, "decided", 0), (B, "clips", 1), (C, "decided", 0)]), label="ended")


def test_it_is_no_duplicate_where_the_dataset_holds_another_copy(removed):
    with beam.Pipeline("FnApiRunner") as pipeline:
        given = {
            "clips": pipeline | beam.Create([clip(A, 1)]),
            "outcomes": pipeline | "Ends" >> beam.Create([outcome(A, 1)]),
            "stored": pipeline | "Stored" >> beam.Create([clip(B, 1, face_source_px=500.0).row]),
            "removed": pipeline | ReadRemoved((removed,)),
        }
        out = given | FindCopies(CopiesConfig())
        assert_that(out.decisions | beam.Map(lambda row: (row.rule, row.kept)), equal_to([("taken_down", False)]))
