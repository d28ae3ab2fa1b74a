"""Borderline subjects, and how the report and the card show them."""

from dataclasses import replace

import duckdb
import pytest

from audit.borderline import borderline_rules
from audit.dataset_card import dataset_card
from audit.report import report_page
from schemas.arrow_tables import arrow_table
from tests.audit.made_dataset import A, page_of, write_dataset
from tests.audit.made_pages import judged_rows, judged_track
from tests.html_pages import elements_of
from tests.manifests import made_rows
from transforms.manifests.source_rows import source_row


def rules_of(decisions, tracks=(), clips=(), max_each=8):
    """Rules with their borderline subjects among these rows, of one source."""
    source = source_row(made_rows.facts(A, 1), [made_rows.outcome(A, 0, "clips", 1)], 0)
    with duckdb.connect() as database:
        for name, rows in (("sources", [source]), ("tracks", tracks), ("decisions", decisions), ("clips", clips)):
            database.register(name, arrow_table(name, list(rows)))
        return {rule.rule: rule for rule in borderline_rules(database, max_each)}


def judged(*probabilities, max_each=8):
    """The same of tracks with these probabilities, which are unsure below 0.2 and kept from 0.8."""
    found = [judged_track(number, one, (0.2, 0.8)) for number, one in enumerate(probabilities)]
    decisions = [row for _, rows in found for row in rows]
    return rules_of(decisions, [track for track, _ in found], max_each=max_each)


def values(subjects):
    return [subject.value for subject in subjects]


def decided(subject_id, kind, value, kept, rule="min_s", stage="CutClips"):
    """A decision about any subject, with the threshold 1."""
    row = made_rows.decision(A, kept, rule)
    return replace(row, subject_id=subject_id, subject_kind=kind, stage=stage, value=value, threshold=1.0)


def test_of_each_rule_the_nearest_on_either_side_are_shown_nearest_first():
    found = judged(0.01, 0.15, 0.3, 0.7, 0.85, 0.99, max_each=2)
    assert values(found["unsure_probability"].kept) == [0.3, 0.7]
    assert values(found["unsure_probability"].dropped) == [0.15, 0.01]
    assert values(found["min_probability"].kept) == [0.85, 0.99] and values(found["min_probability"].dropped) == [
        0.7,
        0.3,
    ]


def test_all_are_counted_and_rules_stand_in_the_order_of_the_pipeline():
    found = judged(0.01, 0.15, 0.3, 0.85, max_each=1)
    assert [(rule.num_kept, rule.num_dropped) for rule in found.values()] == [(2, 2), (1, 1)]
    assert list(found) == ["unsure_probability", "min_probability"]


def test_curves_of_all_rules_share_one_scale():
    [kept, dropped] = [
        rule for rule in judged(0.5, 1.0)["min_probability"].kept + judged(0.5, 1.0)["min_probability"].dropped
    ]
    assert max(height for _, height in kept.curve) == 1.0 and max(height for _, height in dropped.curve) == 0.5


def test_a_rule_that_compares_no_numbers_has_no_edge():
    assert rules_of([replace(made_rows.decision(A), value=None, comparison="exists")]) == {}


def test_equally_near_subjects_are_chosen_by_their_id():
    rows = [decided(f"{A}-w00000-t000-{number:07d}", "clip", 1.5, True) for number in (5, 3, 4)]
    [rule] = rules_of(rows, max_each=2).values()
    assert [subject.subject_id[-1] for subject in rule.kept] == ["3", "4"]


def test_what_was_kept_is_shown_by_a_clip_that_was_cut_from_it():
    track_id = f"{A}-w00000-t001"
    clips = [made_rows.placed_clip(f"{track_id}-{at:07d}", A, 0, track_id=track_id) for at in (3, 90)]
    rows = [
        decided(track_id, "track", 2.0, True, "min_track_s", "FindSpeakers"),
        decided(f"{track_id}-s0000080", "turn", 2.0, True, "overlap", "FindSpeakers"),
        decided(f"{track_id}-0000003", "clip", 2.0, True),
        decided(f"{A}-w00000", "window", 2.0, True, "has_speech", "SplitWindows"),
        decided(f"{A}-w00000-t002", "track", 2.0, True, "min_box_px", "FindSpeakers"),
    ]
    shown = {name: rule.kept[0].key for name, rule in rules_of(rows, clips=clips).items()}
    first, second = (clip.key for clip in clips)
    assert shown == {"min_track_s": first, "overlap": second, "min_s": first, "has_speech": first, "min_box_px": ""}


def test_what_a_later_rule_dropped_says_so():
    found = judged(0.5)
    assert found["unsure_probability"].kept[0].later_rule == "min_probability"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report of an unsure track, and of one that is kept."""
    folder = tmp_path_factory.mktemp("judged")
    return page_of(report_page, folder, write_dataset(folder, more_rows=judged_rows(0.55, 0.43, 0.93)))


def section(page, name):
    """The page's text of one section, and its elements."""
    [found] = [one for one in elements_of(page) if one.attributes.get("aria-labelledby") == name]
    return "".join(found.text), [
        one for one in elements_of(page) if name in [a.attributes.get("aria-labelledby") for a in one.ancestors]
    ]


def test_the_report_shows_both_sides_of_a_threshold_with_values_and_curves(page):
    text, elements = section(page, "borderline")
    assert "min_probability ≥ 0.5 probability" in text and "2 kept, 1 dropped" in text
    assert "0.55" in text and "0.43" in text and "lag +0.3 ± 0.2" in text and "later dropped by min_probability" in text
    assert [one for one in elements if one.tag == "polyline"]


def test_rules_that_dropped_something_are_open(page):
    _, elements = section(page, "borderline")
    opened = {"open" in one.attributes for one in elements if one.tag == "details"}
    assert opened == {True, False}


def test_the_report_draws_probability_with_both_thresholds(page):
    _, elements = section(page, "charts")
    [chart] = [one for one in elements if one.tag == "svg" and "Sync probability" in one.attributes["aria-label"]]
    assert chart.attributes["aria-label"].endswith("3 values, median 0.55, unsure from 0.1, kept from 0.5")
    [confidence] = [one for one in elements if one.tag == "svg" and "Sync confidence" in one.attributes["aria-label"]]
    assert "threshold" not in confidence.attributes["aria-label"]


def test_what_has_no_values_has_no_chart(tmp_path):
    text, _ = section(page_of(report_page, tmp_path, write_dataset(tmp_path)), "charts")
    assert "Sync probability" not in text and "Clip length" in text


def test_the_card_counts_what_the_sync_rules_dropped(tmp_path):
    run = write_dataset(tmp_path, more_rows=judged_rows(0.45, 0.93), sync_probability=0.93)
    card = page_of(dataset_card, tmp_path, run)
    assert "compared 2 face tracks with the audio: 0 did not speak it, and for 1 it was unsure" in card
    assert "has a median of 0.93 and a minimum of 0.93" in card


def test_the_card_says_when_sync_was_not_measured_or_not_calibrated(tmp_path):
    assert "was not measured" in page_of(dataset_card, tmp_path / "none", write_dataset(tmp_path / "none"))
    run = write_dataset(tmp_path / "scored", more_rows=judged_rows(0.45, 0.93))
    assert "has no calibration" in page_of(dataset_card, tmp_path / "scored", run)
