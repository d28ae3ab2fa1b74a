"""Borderline tracks, and how the report and the card show them."""

from dataclasses import replace

import duckdb
import pytest

from audit.borderline_tracks import borderline_tracks
from audit.dataset_card import dataset_card
from audit.report import report_page
from schemas.arrow_tables import arrow_table
from tests.audit.made_dataset import A, page_of, write_dataset
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
        for order, (rule, threshold) in enumerate(
            zip(("unsure_probability", "min_probability"), thresholds, strict=True), 4
        )
    ]
    return track, rows[: 1 if probability < thresholds[0] else 2]


def borderline_of(probabilities, max_each=8):
    """Borderline tracks among tracks with these probabilities."""
    found = [judged(number, probability) for number, probability in enumerate(probabilities)]
    source = source_row(made_rows.facts(A, 1), [made_rows.outcome(A, 0, "clips", 1)], 0)
    return nearest([source], [track for track, _ in found], [row for _, rows in found for row in rows], max_each)


def nearest(sources, tracks, decisions, max_each):
    """Borderline tracks among these rows."""
    with duckdb.connect() as database:
        for name, rows in (("sources", sources), ("tracks", tracks), ("decisions", decisions)):
            database.register(name, arrow_table(name, rows))
        return borderline_tracks(database, max_each)


def test_each_track_is_shown_once_with_its_verdict_highest_probability_first():
    found = [(track.value, track.rule, track.verdict) for track in borderline_of([0.1, 0.5, 0.9])]
    assert found == [
        (0.9, "min_probability", "kept"),
        (0.5, "min_probability", "unsure"),
        (0.1, "unsure_probability", "dropped"),
    ]


def test_of_every_verdict_those_nearest_to_their_threshold_are_shown():
    found = [track.value for track in borderline_of([0.01, 0.15, 0.3, 0.7, 0.85, 0.99], max_each=1)]
    assert found == [0.85, 0.7, 0.15]


def test_curves_share_one_scale():
    heights = [max(height for _, height in track.curve) for track in borderline_of([0.5, 1.0])]
    assert heights == [1.0, 0.5]


def test_a_track_to_which_no_sync_rule_was_applied_is_not_borderline():
    source = source_row(made_rows.facts(A, 1), [made_rows.outcome(A, 0, "clips", 1)], 0)
    assert nearest([source], [judged(0, 0.5)[0]], [made_rows.decision(A)], 8) == []


def judged_rows():
    """Rows of an unsure track, and of one that is kept."""
    found = [judged(0, 0.55), judged(1, 0.93)]
    return [track for track, _ in found] + [row for _, rows in found for row in rows]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report of those."""
    folder = tmp_path_factory.mktemp("judged")
    return page_of(report_page, folder, write_dataset(folder, more_rows=judged_rows()))


def test_the_report_shows_unsure_tracks_with_their_curve(page):
    shown = page[page.index("<h2>Borderline tracks") : page.index("<h2>Stored faces")]
    assert 'class="status unsure"' in shown and 'class="status kept"' in shown and shown.count("<polyline") == 2
    assert "0.55" in shown and "+0.3 ± 0.2" in shown


def test_the_report_draws_probability_with_both_thresholds(page):
    chart = page[page.index("<h3>Sync probability") : page.index("<h3>Sync confidence")]
    assert "unsure from 0.1" in chart and "kept from 0.5" in chart and "2 values" in chart


def test_a_threshold_that_was_not_applied_is_not_drawn(page):
    chart = page[page.index("<h3>Sync confidence") : page.index("<h3>Face size")]
    assert "threshold" not in chart


def test_what_has_no_values_has_no_chart(tmp_path):
    page = page_of(report_page, tmp_path, write_dataset(tmp_path))
    assert "<h3>Sync probability" not in page and "<h3>Clip length" in page and "Borderline tracks" not in page


def test_the_card_counts_what_the_sync_rules_dropped(tmp_path):
    run = write_dataset(tmp_path, more_rows=judged_rows(), sync_probability=0.93)
    card = page_of(dataset_card, tmp_path, run)
    assert "compared 2 face tracks with the audio: 0 did not speak it, and for 1 it was unsure" in card
    assert "has a median of 0.93 and a minimum of 0.93" in card


def test_the_card_says_when_sync_was_not_measured_or_not_calibrated(tmp_path):
    assert "was not measured" in page_of(dataset_card, tmp_path / "none", write_dataset(tmp_path / "none"))
    run = write_dataset(tmp_path / "scored", more_rows=judged_rows())
    assert "has no calibration" in page_of(dataset_card, tmp_path / "scored", run)
