import pickle
import random

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that

from schemas.records import ClipRef, WindowOutcome
from tests.copies.made_clips import fingerprint_of
from tests.shards.clip_refs import clip_row
from transforms.copies.config import CopiesConfig
from transforms.copies.stage import FindCopies

A, B, C = "a" * 16, "b" * 16, "c" * 16


def clip(source_id, seed, start_s=0.0, shown_s=0.0, num_frames=75, damaged_frames=0, **fields):
    """A clip of a source from start_s on, which shows a performance from shown_s on."""
    start = round(start_s * 25)
    key = f"{source_id}-w00000-t000-{start:07d}"
    row = clip_row(
        key,
        source_id=source_id,
        track_id=f"{source_id}-w00000-t000",
        start_frame=start,
        num_frames=num_frames,
        fingerprint=fingerprint_of(seed, start_s=shown_s, num_frames=num_frames),
        **{"face_source_px": 100.0, **fields},
    )
    place = {"pack_uri": "-", "offset": 0, "length": 512, "sha256": key}
    return ClipRef(key=key, split="train", **place, row=row, damaged_frames=damaged_frames)


def outcome(source_id, num_clips):
    return WindowOutcome(source_id=source_id, window_index=0, outcome="clips", num_clips=num_clips, damaged_frames=0)


class Seen:
    """Takes what a collection holds, in the process that the engine runs it in."""

    def __init__(self, folder, name):
        self.path = folder / name

    def __call__(self, every):
        """See assert_that."""
        self.path.write_bytes(pickle.dumps(every))

    @property
    def every(self):
        """What the collection held."""
        return pickle.loads(self.path.read_bytes())


@pytest.fixture
def found(tmp_path):
    """A function: keys that are kept, {key: kept key} of the others, {source: clips of its window, how it ended}."""

    def find(clips, stored=(), **settings):
        sources = {one.row.source_id for one in clips}
        outcomes = [outcome(name, sum(one.row.source_id == name for one in clips)) for name in sorted(sources)]
        shuffled = random.Random(len(clips)).sample(clips, len(clips))
        kept, decided, ended = (Seen(tmp_path, name) for name in ("clips", "decisions", "outcomes"))
        with beam.Pipeline("FnApiRunner") as pipeline:
            given = {"clips": pipeline | beam.Create(shuffled), "outcomes": pipeline | "Ends" >> beam.Create(outcomes)}
            if stored:
                given["stored"] = pipeline | "Stored" >> beam.Create([one.row for one in stored])
            out = given | FindCopies(CopiesConfig(**settings))
            assert_that(out.clips, kept, label="clips")
            assert_that(out.decisions, decided, label="decisions")
            assert_that(out.outcomes, ended, label="outcomes")
        assert sorted(row.subject_id for row in decided.every) == sorted(one.key for one in clips)
        dropped = {row.subject_id: row.value_text for row in decided.every if not row.kept}
        ends = {one.source_id: (one.num_clips, one.outcome) for one in ended.every}
        return sorted(one.key for one in kept.every), dropped, ends

    return find


def key(source_id, start_s=0.0):
    return f"{source_id}-w00000-t000-{round(start_s * 25):07d}"


def test_of_two_copies_the_larger_face_is_kept_and_named(found):
    clips = [clip(A, 1, face_source_px=60.0), clip(B, 1), clip(C, 2)]
    assert found(clips) == ([key(B), key(C)], {key(A): key(B)}, {A: (0, "decided"), B: (1, "clips"), C: (1, "clips")})


def test_of_two_copies_that_of_an_undamaged_window_is_kept_though_its_face_is_smaller(found):
    assert found([clip(A, 1, damaged_frames=3, face_source_px=200.0), clip(B, 1)])[1] == {key(A): key(B)}


def test_without_copies_all_are_kept(found):
    assert found([clip(A, 1), clip(A, 2, start_s=4.0), clip(B, 3)])[:2] == ([key(A), key(A, 4), key(B)], {})


def test_a_clip_on_record_is_never_dropped_and_its_copy_is(found):
    clips = [clip(B, 1, face_source_px=400.0), clip(C, 2)]
    assert found(clips, stored=[clip(A, 1, face_source_px=30.0)])[:2] == ([key(C)], {key(B): key(A)})


def test_what_is_on_record_and_is_made_again_stays(found):
    again = clip(A, 1, face_source_px=30.0)
    assert found([again, clip(B, 1)], stored=[again])[:2] == ([key(A)], {key(B): key(A)})


def test_clips_cut_at_other_places_are_dropped_where_those_of_the_better_source_show_most_of_them(found):
    starts_s = (0.0, 6.0, 12.0)
    better = [clip(A, 1, start_s, shown_s=start_s, num_frames=150, sharpness=9.0) for start_s in starts_s]
    shifted = [clip(B, 1, start_s, shown_s=2.4 + start_s, num_frames=150) for start_s in starts_s]
    kept, dropped, ended = found(better + shifted)
    assert kept == [key(A, start_s) for start_s in starts_s]
    assert dropped == {key(B, start_s): key(A, start_s) for start_s in starts_s}
    assert ended == {A: (3, "clips"), B: (0, "decided")}


def test_a_clip_of_which_less_is_shown_elsewhere_is_kept(found):
    clips = [clip(A, 1, num_frames=150, sharpness=9.0), clip(B, 1, shown_s=3.6, num_frames=150)]
    assert found(clips)[1] == {}
    assert found(clips, max_shared=0.25)[1] == {key(B): key(A)}


def test_a_passage_that_one_source_shows_twice_is_kept_once(found):
    assert found([clip(A, 1), clip(A, 1, start_s=60.0)])[:2] == ([key(A)], {key(A, 60): key(A)})


def test_what_follows_at_once_is_no_copy(found):
    assert found([clip(A, 1), clip(A, 1, start_s=3.0)])[1] == {}


def test_with_the_share_at_one_none_is_dropped(found):
    assert found([clip(A, 1), clip(B, 1)], max_shared=1.0)[1] == {}
