"""The rules of FindSpeakers are declared in the order in which they are applied."""

from itertools import pairwise

import duckdb
import numpy as np
import pytest

from audit.funnel import funnel
from schemas.arrow_tables import arrow_table
from tests.speakers.made_windows import made_track, made_turn
from tests.speakers.test_audio_rate import RATES, TimeNetwork, audio_at
from tests.speakers.test_audio_rate import judged as judged_at_rate
from tests.speakers.test_find_speakers import (
    ALWAYS,
    NETWORK,
    SILENT,
    SPOKEN,
    STRICT,
    BlindCalibratedNetwork,
    BlindNetwork,
    CalibratedNetwork,
    judged,
    mixed,
)
from transforms.speakers.rules import TRACK_RULES, TURN_RULES, WINDOW_RULES

ORDER = {
    kind: {rule.name: place for place, rule in enumerate(rules)}
    for kind, rules in {"window": WINDOW_RULES, "track": TRACK_RULES, "turn": TURN_RULES}.items()
}
PAIR = [made_track(0, 0, 200), made_track(1, 0, 200)]
HALF = np.arange(200) < 100


def windows():
    """Judgements in which every rule of FindSpeakers judges some subject."""
    yield judged([], [])
    yield judged([made_track(0, 0, 20)], [SPOKEN[:20]])
    yield judged([made_track(0, 0, 200, face_source_px=20.0)], [SPOKEN])
    yield judged([made_track(0, 0, 200, has_mesh=False)], [SPOKEN])
    yield judged([made_track(0, 0, 200)], [SPOKEN], speech=[made_turn(0, 30)])
    yield judged(PAIR, [SILENT, SPOKEN], network=None)
    yield judged(PAIR[:1], [SPOKEN], network=None)
    yield judged(PAIR, [SILENT, SPOKEN], max_faces=1)
    for network in (NETWORK, BlindNetwork(), BlindCalibratedNetwork(), *map(CalibratedNetwork, (0.3, 1.0, 1.5))):
        for settings in ({}, {"min_confidence": 0.2}):
            yield judged(PAIR, [SILENT, SPOKEN], network=network, **STRICT | settings)
            yield judged(PAIR[:1], [SPOKEN], network=network, audio=mixed(0.16), **STRICT | settings)
    yield judged(PAIR[:1], [SPOKEN], audio=np.where(SPOKEN > 14, SPOKEN - 14, 999))
    yield judged(PAIR, [SPOKEN, SPOKEN])
    yield judged(PAIR, [np.where(HALF, SPOKEN, SILENT), np.where(HALF, SILENT, SPOKEN)])
    yield judged(PAIR[:1], [SPOKEN], speech=[made_turn(50, 70), *ALWAYS[:0]], min_voiced_share=0.05)
    yield judged(PAIR[:1], [SPOKEN], speech=[made_turn(50, 53)], min_voiced_share=0.0)
    every = {"min_probability": 0.0, "unsure_probability": 0.0, "max_abs_lag_frames": 15.0}
    yield judged_at_rate(audio_at(RATES[0]), TimeNetwork(half=1.5), **every)


ROWS = [row for judgement in windows() for row in judgement.decisions]


def test_every_rule_judges_a_subject_of_these_windows():
    assert {(row.subject_kind, row.rule) for row in ROWS} == {(kind, name) for kind in ORDER for name in ORDER[kind]}


def test_a_rules_order_is_its_place_in_the_tuple():
    assert {(row.subject_kind, row.rule, row.rule_order) for row in ROWS} == {
        (kind, name, place) for kind, places in ORDER.items() for name, place in places.items()
    }


def test_a_subject_is_judged_in_the_order_of_the_tuple():
    for judgement in windows():
        for subject_id in {row.subject_id for row in judgement.decisions}:
            rows = [row for row in judgement.decisions if row.subject_id == subject_id]
            assert all(first.rule_order < second.rule_order for first, second in pairwise(rows)), subject_id
            assert [row.kept for row in rows[:-1]] == [True] * (len(rows) - 1)


@pytest.mark.parametrize("kind", ORDER)
def test_the_funnel_shows_the_rules_in_the_order_of_the_tuple(kind):
    manifests = duckdb.connect()
    manifests.register("decisions", arrow_table("decisions", ROWS))
    steps = funnel(manifests)
    assert [step.rule for step in steps if step.subject_kind == kind] == list(ORDER[kind])
