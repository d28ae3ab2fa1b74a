"""What a request takes of a dataset whose sources show several people."""

import json
from dataclasses import asdict, replace

import pytest

from pipeline.present import PresentDataset
from pipeline.takedown.matches import Request
from pipeline.takedown.selection import select
from schemas.tables import TABLES, table_name
from tests.manifests import made_rows
from transforms.manifests.parts import manifest_part, part_bytes, part_path
from transforms.manifests.source_rows import source_row
from transforms.takedowns.taken import ChangedSource

A, B, C, D = (letter * 16 for letter in "abcd")
COPIES = (("c1", C, "k5"), ("c2", C, "k5"), ("d1", D, "k5"), ("d2", D, "k3"), ("a1", A, "k5"))
"""Clips that were dropped, their source, and the kept one that each is a copy of."""


def clip(key, source_id, track_id, person_id, split="train", unit=""):
    row = made_rows.placed_clip(key, source_id, 0, f"shards/{split}-000000.tar", split, track_id)
    return replace(row, person_id=person_id, split_unit=unit or f"person:{person_id}", num_frames=50)


def copy_of(key, source_id, kept):
    row = made_rows.decision(source_id, rule="duplicate")
    said = {"subject_id": key, "subject_kind": "clip", "stage": "FindCopies", "value": None, "value_text": kept}
    return replace(row, **said)


@pytest.fixture
def present(tmp_path):
    """A talk of two people, p1 and p2, one of whom is alone in another source."""
    ended = [
        (made_rows.facts(A, 2), [made_rows.outcome(A, 0, "clips", 3), made_rows.outcome(A, 1, "clips", 1)], 0),
        (made_rows.facts(B, 1), [made_rows.outcome(B, 0, "clips", 1)], 0),
        *((made_rows.facts(one, 1), [made_rows.outcome(one, 0, "decided")], 0) for one in (C, D)),
    ]
    rows = [
        *(source_row(*one) for one in ended),
        *(made_rows.track(name, A) for name in ("t1", "t2")),
        replace(made_rows.track("t3", A), window_index=1),
        made_rows.track("t4", B),
        clip("k1", A, "t1", "p1"),
        clip("k2", A, "t1", "p1"),
        clip("k3", A, "t2", "p2", "val"),
        clip("k4", A, "t3", "p1"),
        clip("k5", B, "t4", "p1"),
        *(copy_of(key, source_id, kept) for key, source_id, kept in COPIES),
    ]
    parts = []
    for name in TABLES:
        data = part_bytes(name, of_table := [row for row in rows if table_name(row) == name])
        path = tmp_path / part_path(name, 0, 1)
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        parts.append(asdict(manifest_part(name, part_path(name, 0, 1), len(of_table), data)))
    record = {"generation": 4, "manifests": parts}
    (tmp_path / "dataset.json").write_text(json.dumps(record))
    return PresentDataset(output=str(tmp_path), record=record, sha256="", run={"root": "/in"})


def selected(present, kind, *values):
    return select(present, Request(kind=kind, values=values, reason="asked"))


def test_of_a_person_go_sources_that_show_no_one_else_and_clips_of_others(present):
    found = selected(present, "person", "p1")
    assert found.taken.sources == {B, C} and found.taken.clips == {"k1", "k2", "k4"}
    assert found.taken.bare_tracks == {"t1", "t3"} and found.taken.shards == {"shards/train-000000.tar"}
    assert {(row.kind, row.subject, row.num_clips, row.clip_s) for row in found.subjects} == {
        ("source", B, 1, 2.0),
        ("source", C, 0, 0.0),
        ("clip", "k1", 1, 2.0),
        ("clip", "k2", 1, 2.0),
        ("clip", "k4", 1, 2.0),
        ("person", "p1", 0, 0.0),
    }
    assert {row.generation for row in found.subjects} == {5} and found.num_names == 2
    assert found.clip_sources == (("k1", A), ("k2", A), ("k4", A))


def test_what_is_left_of_a_source_has_the_split_and_windows_of_its_clips(present):
    [changed] = selected(present, "person", "p1").taken.changed
    left = {"num_clips": 1, "windows_done": 1, "status": "clips", "split": "val", "split_unit": "person:p2"}
    assert changed == ChangedSource(source_id=A, **left)
    [changed] = selected(present, "clip", "k1").taken.changed
    several = {"num_clips": 3, "windows_done": 2, "status": "clips", "split": "several", "split_unit": f"source:{A}"}
    assert changed == ChangedSource(source_id=A, **several)
    [changed] = selected(present, "clip", "k1", "k2", "k3", "k4").taken.changed
    none = {"num_clips": 0, "windows_done": 0, "status": "decided", "split": None, "split_unit": None}
    assert changed == ChangedSource(source_id=A, **none)


def test_an_embedding_is_not_kept_of_a_track_that_has_no_clip_any_more(present):
    taken = selected(present, "clip", "k1", "k3").taken
    tracks = [replace(made_rows.track(name, A), face_embedding=(1.0,)) for name in ("t1", "t2")]
    assert [taken.left_of(track)[1].face_embedding for track in tracks] == [(1.0,), ()]


def test_copies_go_along_and_no_decision_names_what_is_taken(present):
    taken = selected(present, "source", B).taken
    assert taken.sources == {B, C} and taken.copies == {"d1", "a1"}
    left = [taken.left_of(copy_of(*one)) for one in COPIES]
    assert left[:2] == [None, None]
    assert [(row.subject_id, row.rule, row.value_text) for _, row in left[2:]] == [
        ("d1", "taken_down", "copy"),
        ("d2", "duplicate", "k3"),
        ("a1", "taken_down", "copy"),
    ]
    assert selected(present, "clip", "k5").taken.sources == {C}
    assert selected(present, "clip", "k3").taken.sources == set()
    assert selected(present, "source", B, D).taken.sources == {B, C, D}
