"""Tracks judged near a threshold, as the report shows them."""

from dataclasses import replace

import pytest

from audit.borderline_tracks import borderline_tracks
from audit.dataset_card import dataset_card
from audit.report import report_page
from schemas.tables import arrow_table
from tests.audit.made_dataset import A, write_dataset
from tests.manifests import made_rows
from transforms.manifests.source_rows import source_row


def judged(number, probability, thresholds=(0.2, 0.8)):
    """A track, and what the two rules of probability say of it."""
    track_id = f"{A}-w00000-t{number:03d}"
    track = replace(
        made_rows.track(track_id, A),
        sync_curve=tuple(probability if lag == 15 else 0.0 for lag in range(31)),
        sync_probability=probability,
        sync_confidence=0.4,
        sync_margin=0.1,
        audio_lag_frames=0.3,
        audio_lag_se_frames=0.2,
    )
    rows = [
        replace(
            made_rows.decision(A, probability >= threshold, rule),
            subject_id=track_id,
            stage="FindSpeakers",
            rule_order=order,
            value=probability,
            threshold=threshold,
            unit="probability",
        )
        for order, (rule, threshold) in enumerate(zip(("makes_this_sound", "unsure"), thresholds, strict=True), 4)
    ]
    return track, rows[: 1 if probability < thresholds[0] else 2]


def calls_of(probabilities, max_each=8):
    """Calls of tracks with these probabilities."""
    found = [judged(number, probability) for number, probability in enumerate(probabilities)]
    source = source_row(made_rows.facts(A, 1), [made_rows.outcome(A, 0, "clips", 1)], 0)
    tables = (
        arrow_table("decisions", [row for _, rows in found for row in rows]),
        arrow_table("tracks", [track for track, _ in found]),
        arrow_table("sources", [source]),
    )
    return borderline_tracks(*tables, max_each)


def test_each_track_is_shown_once_with_its_verdict_the_surest_first():
    found = [(call.value, call.rule, call.verdict) for call in calls_of([0.1, 0.5, 0.9])]
    assert found == [(0.9, "unsure", "kept"), (0.5, "unsure", "unsure"), (0.1, "makes_this_sound", "dropped")]


def test_of_every_verdict_those_nearest_to_their_threshold_are_shown():
    found = [call.value for call in calls_of([0.01, 0.15, 0.3, 0.7, 0.85, 0.99], max_each=1)]
    assert found == [0.85, 0.7, 0.15]


def test_curves_share_one_scale():
    heights = [max(height for _, height in call.curve) for call in calls_of([0.5, 1.0])]
    assert heights == [1.0, 0.5]


def test_a_track_that_no_rule_of_sync_was_asked_about_is_no_call():
    tables = (
        arrow_table("decisions", [made_rows.decision(A)]),
        arrow_table("tracks", [judged(0, 0.5)[0]]),
        arrow_table("sources", []),
    )
    assert borderline_tracks(*tables, 8) == []


def judged_rows():
    """Rows of an unsure track, and of one that is kept."""
    found = [judged(0, 0.55), judged(1, 0.93)]
    return [track for track, _ in found] + [row for _, rows in found for row in rows]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report of those."""
    folder = tmp_path_factory.mktemp("judged")
    return report_page(str(folder), write_dataset(folder, more_rows=judged_rows()))


def test_the_report_shows_unsure_tracks_with_their_curve(page):
    calls = page[page.index("<h2>Judged near") : page.index("<h2>Stored faces")]
    assert 'class="status unsure"' in calls and 'class="status kept"' in calls and calls.count("<polyline") == 2
    assert "0.55" in calls and "+0.3 ± 0.2" in calls


def test_the_report_draws_probability_with_both_thresholds(page):
    chart = page[page.index("<h3>Sync probability") : page.index("<h3>Sync confidence")]
    assert "unsure from 0.1" in chart and "kept from 0.5" in chart and "2 values" in chart


def test_a_threshold_that_was_not_asked_is_not_drawn(page):
    chart = page[page.index("<h3>Sync confidence") : page.index("<h3>Face in")]
    assert "threshold" not in chart


def test_what_has_no_values_has_no_chart(tmp_path):
    page = report_page(str(tmp_path), write_dataset(tmp_path))
    assert "<h3>Sync probability" not in page and "<h3>Clip length" in page and "Judged near" not in page


def test_the_card_counts_what_the_judge_of_sync_dropped(tmp_path):
    run = write_dataset(tmp_path, more_rows=judged_rows(), sync_probability=0.93)
    card = dataset_card(str(tmp_path), run)
    assert "2 face tracks were judged against the audio: 0 did not make it, 1 was unsure" in card
    assert "is 0.93 in the median and 0.93 at least" in card


def test_the_card_says_when_nothing_was_judged_or_calibrated(tmp_path):
    assert "No sync was judged" in dataset_card(str(tmp_path / "none"), write_dataset(tmp_path / "none"))
    run = write_dataset(tmp_path / "scored", more_rows=judged_rows())
    assert "has no calibration" in dataset_card(str(tmp_path / "scored"), run)
