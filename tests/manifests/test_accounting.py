"""Planted losses are found in the tables."""

from dataclasses import replace

import duckdb
import pytest

from schemas.arrow_tables import arrow_table
from schemas.tables import TABLES, table_name
from tests.manifests.made_rows import ENDED, decision, failure, other_rows, placed_clip
from transforms.manifests.accounting import few_lines, find_problems, funnel_counts, licences, totals
from transforms.manifests.source_rows import failed_outcomes, source_row
from transforms.manifests.verdict import judge_run

A, B, C = "a" * 16, "b" * 16, "c" * 16


def whole_rows():
    sources = []
    for facts in ENDED["facts"]:
        failures = [row for row in ENDED["failures"] if row.source_id == facts.source.source_id]
        outcomes = [one for one in ENDED["outcomes"] if one.source_id == facts.source.source_id]
        sources.append(source_row(facts, outcomes + failed_outcomes(failures), len(failures)))
    return sources + other_rows()


def tables_of(rows):
    database = duckdb.connect()
    for name in TABLES:
        database.register(name, arrow_table(name, [row for row in rows if table_name(row) == name]))
    return database


def without(table, **fields):
    def change(rows):
        left = [row for row in rows if table_name(row) != table or any(getattr(row, f) != v for f, v in fields.items())]
        assert len(left) < len(rows)
        return left

    return change


def changed(table, match, **fields):
    def change(rows):
        name, value = match
        return [
            replace(row, **fields) if table_name(row) == table and getattr(row, name) == value else row for row in rows
        ]

    return change


def added(*more):
    return lambda rows: [*rows, *more]


def test_a_complete_dataset_has_no_problem():
    assert find_problems(tables_of(whole_rows()), 3) == []


@pytest.mark.parametrize(
    "change, line",
    [
        (without("sources", source_id=C), "3 inputs were listed, but the source rows name 2"),
        (without("sources", source_id=C), f"1 rows of failures belong to {C}, which is not a source"),
        (
            changed("sources", ("source_id", A), windows_done=0),
            f"source {A} was split into 2 windows, but 1 of them are",
        ),
        (changed("sources", ("source_id", A), uris=(f"/in/{B}.mp4",)), f"input '/in/{B}.mp4' is in 2 source rows"),
        (lambda rows: [*rows, rows[0]], f"source {A} has 2 rows"),
        (without("clips", key="k2"), f"the windows of source {A} have 2 clips, but 1 are stored"),
        (without("clips", key="k2"), "shard shards/train-000000.tar holds 2 clips, but 1 have a row"),
        (added(placed_clip("k2", A, 4096)), "clip k2 has 2 rows"),
        (
            changed("clips", ("key", "k2"), tar_offset=1024),
            "clip k2 begins at byte 1024 of shards/train-000000.tar, but the one before it ends at 2048",
        ),
        (changed("clips", ("key", "k1"), tar_offset=512, tar_length=1536), "clip k1 begins at byte 512"),
        (
            changed("clips", ("key", "k2"), tar_length=20_480),
            "shard shards/train-000000.tar has 10240 bytes, but its last clip ends at 22528",
        ),
        (
            changed("clips", ("key", "k1"), shard="shards/train-000009.tar"),
            "clip k1 lies in 'shards/train-000009.tar', which is not listed",
        ),
        (
            changed("clips", ("key", "k1"), split="test"),
            f"source {A}: its split is 'train', but 'several' by its clips",
        ),
        (changed("clips", ("key", "k1"), split="test"), f"clips of source:{A} are in more than one split: test, train"),
        (changed("clips", ("key", "k3"), split_unit="u"), f"source {B}: its split_unit is 'source:{B}', but 'u'"),
        (changed("clips", ("key", "k1"), person_id="p"), "the clips of track t1 are of two people, '' and 'p'"),
        (
            changed("clips", ("speaker", "x"), speaker="", person_id="p"),
            "person p, whom no one named, is in train and in val",
        ),
        (
            changed("shards", ("split", "val"), split="test"),
            "clip k3 of val lies in shards/val-000000.tar, a shard of test",
        ),
        (changed("clips", ("key", "k3"), track_id="t7"), "clip k3 was cut from track t7, which has no row"),
        (
            changed("clips", ("key", "k3"), source_id="d" * 16),
            f"1 rows of clips belong to {'d' * 16}, which is not a source",
        ),
        (without("failures", source_id=A), f"source {A} counts 1 failed windows, but its failures name 0"),
        (added(failure(B, 1)), f"source {B} counts 0 failed windows, but its failures name 1"),
        (added(failure(B, 7)), f"a failure names window 7 of source {B}, which has 2"),
        (without("failures", source_id=C), f"source {C} failed, and no failure says why"),
        (changed("sources", ("source_id", C), status="decided"), f"source {C} ended without clips, and no decision"),
        (
            changed("sources", ("source_id", B), split_unit=f"source:{A}"),
            f"source:{A} is in more than one split: train, val",
        ),
    ],
)
def test_an_inconsistency_is_found(change, line):
    problems = find_problems(tables_of(change(whole_rows())), 3)
    assert any(problem.startswith(line) for problem in problems), problems


def test_many_problems_of_one_kind_give_few_lines():
    rows = whole_rows() + [decision(f"{number:016d}") for number in range(50)]
    assert len(find_problems(tables_of(rows), 3)) == 11


def test_lines_of_one_kind_are_few():
    assert few_lines(["a"] * 10) == ["a"] * 10
    assert few_lines(["a"] * 500) == [*["a"] * 10, "and 490 more of that kind"]


def test_totals_funnel_and_licences_come_from_the_rows():
    tables = tables_of(whole_rows())
    found = totals(tables)
    assert (found.num_inputs, found.num_windows, found.num_clips, found.num_failures, found.failed_sources) == (
        3,
        4,
        3,
        2,
        1,
    )
    assert (found.source_s, found.failed_s, found.failed_windows, found.clip_s) == (160.0, 40.0, 1, 3.0)
    assert funnel_counts(tables) == [
        {"stage": "TrackFaces", "subject_kind": "track", "rule": "min_box_px", "kept": 1, "dropped": 1}
    ]
    assert licences(tables) == [{"licence": "x", "num_sources": 2, "num_clips": 3}]


def test_what_is_left_out_is_counted_apart_and_has_no_share_in_failing():
    left_out = replace(decision(C), stage="HashSource", rule="is_media", subject_kind="source", kept=False)
    found = totals(tables_of([*whole_rows(), left_out]))
    assert (found.num_sources, found.num_left_out, found.failed_sources) == (3, 1, 1)
    assert judge_run([], found, 0, 0.5).ok and not judge_run([], found, 0, 0.4).ok


def test_seconds_count_where_few_windows_are_most_of_the_video():
    rows = changed("sources", ("source_id", A), duration_s=800.0)(whole_rows())
    rows = changed("sources", ("source_id", B), duration_s=2.0)(rows)
    found = totals(tables_of(rows))
    assert (found.failed_windows, found.num_windows, found.failed_s, found.source_s) == (1, 4, 400.0, 802.0)
    verdict = judge_run([], found, 0, 0.45)
    assert verdict.exit_code == 1 and len(verdict.problems) == 1
    assert verdict.problems[0].startswith("400 of 802 seconds of video failed")


def test_tables_without_rows_add_up_to_nothing():
    assert find_problems(tables_of([]), 0) == []
    assert totals(tables_of([])).num_clips == 0
