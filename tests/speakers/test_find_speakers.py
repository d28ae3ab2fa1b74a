from dataclasses import replace

import numpy as np
import pytest

from tests.speakers.made_windows import MadeNetwork, audio_of_events, made_faces, made_track, made_turn, tubes_of
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.find_speakers import find_speakers
from transforms.speakers.score_sync import Calibration

SPOKEN = np.arange(1, 201)  # a new event every frame
SILENT = SPOKEN + 1000
LIMITS = {"min_box_px": 32.0, "min_track_s": 1.0, "min_turn_s": 1.0}
ALWAYS = [made_turn(0, 200)]
NETWORK = MadeNetwork()


def judged(tracks, events, speech=ALWAYS, network=NETWORK, audio=SPOKEN, max_faces=None, **config):
    faces = made_faces(200, tracks, speech)
    return find_speakers(
        faces,
        tubes_of(tracks, events),
        audio_of_events(audio),
        network,
        SpeakersConfig(**config),
        max_faces=max_faces,
        **LIMITS,
    )


def spans(judgement):
    return [(turn.track.name, turn.start_frame, turn.end_frame) for turn in judgement.turns.turns]


def drops(judgement):
    return [(row.subject_id[-3:], row.rule) for row in judgement.decisions if not row.kept]


def test_the_face_that_matches_the_audio_speaks_and_the_silent_one_is_dropped():
    found = judged([made_track(0, 0, 200), made_track(1, 0, 200)], [SILENT, SPOKEN])
    assert spans(found) == [("t01", 0, 200)]
    assert drops(found) == [("t00", "min_confidence")]
    assert [row.active_share > 0.9 for row in found.rows] == [False, True]


@pytest.mark.parametrize("lag", [-10, -3, 0, 7, 12])
def test_the_lag_of_late_audio_is_measured(lag):
    late = SPOKEN - lag
    late = np.where((late >= 1) & (late <= 200), late, 999)
    found = judged([made_track(0, 0, 200)], [SPOKEN], audio=late)
    [turn] = found.turns.turns
    assert turn.sync.lag_frames == pytest.approx(lag, abs=0.1)
    assert found.rows[0].audio_lag_frames == turn.sync.lag_frames and len(found.rows[0].sync_curve) == 31


def test_the_audio_of_a_window_is_embedded_once_whatever_the_number_of_faces():
    network = MadeNetwork()
    judged([made_track(number, 0, 200) for number in range(3)], [SPOKEN, SILENT, SILENT], network=network)
    assert network.num_embedded == 1


def test_the_audio_of_a_window_without_a_usable_face_is_not_embedded():
    network = MadeNetwork()
    judged([made_track(0, 0, 20)], [SPOKEN[:20]], network=network)
    assert network.num_embedded == 0


class BlindNetwork(MadeNetwork):
    """Gives no vector for any frame of a face."""

    def embed_face(self, tubes, name):
        return np.full_like(super().embed_face(tubes, name), np.nan)


@pytest.mark.parametrize("min_confidence", [0.0, 0.2])
def test_a_face_that_cannot_be_compared_is_dropped_as_not_judged(min_confidence):
    found = judged([made_track(0, 0, 200)], [SPOKEN], network=BlindNetwork(), min_confidence=min_confidence)
    assert drops(found) == [("t00", "min_confidence")] and spans(found) == []
    [row] = found.rows
    assert (row.audio_lag_frames, row.sync_confidence, row.sync_curve) == (None, None, ())


class FarNetwork(MadeNetwork):
    """Similarity is minus the distance, as with SyncNet."""

    def similarity(self, face, audio):
        return -np.linalg.norm(face - audio, axis=1)


def test_the_networks_own_similarity_is_used():
    found = judged([made_track(0, 0, 200)], [SPOKEN], network=FarNetwork())
    assert found.rows[0].sync_curve[15] == pytest.approx(0.0, abs=1e-5)  # the distance is 0
    assert max(np.delete(found.rows[0].sync_curve, 15)) < -1


class CalibratedNetwork(MadeNetwork):
    """Its probability depends on the confidence alone: 1/2 at `half`, over 0.95 a tenth above."""

    def __init__(self, half):
        super().__init__()
        self.calibration = Calibration(weights=(0.0, 30.0, 0.0, 0.0, 0.0, 0.0, 0.0), offset=-30.0 * half)


STRICT = {"min_probability": 0.8, "unsure_probability": 0.2}


def mixed(share):
    """Audio in which a share of the frames matches the face, spread evenly over the track."""
    matches = np.arange(200) * share % 1 < share
    return np.where(matches, SPOKEN, 999)


@pytest.mark.parametrize(("half", "rule"), [(0.5, None), (1.0, "min_probability"), (1.5, "unsure_probability")])
def test_the_probability_decides_where_the_network_gives_one(half, rule):
    found = judged([made_track(0, 0, 200)], [SPOKEN], network=CalibratedNetwork(half), **STRICT)
    assert drops(found) == ([("t00", rule)] if rule else [])
    [row] = found.rows
    assert [turn.sync.probability for turn in found.turns.turns] == ([row.sync_probability] if rule is None else [])
    assert {
        None: row.sync_probability > 0.8,
        "min_probability": 0.2 < row.sync_probability < 0.8,
        "unsure_probability": row.sync_probability < 0.2,
    }[rule]


@pytest.mark.parametrize(
    ("settings", "rule"), [({"min_probability": 0.4}, None), ({"unsure_probability": 0.7}, "unsure_probability")]
)
def test_both_probability_thresholds_are_settings(settings, rule):
    found = judged([made_track(0, 0, 200)], [SPOKEN], network=CalibratedNetwork(1.0), **STRICT | settings)
    assert drops(found) == ([("t00", rule)] if rule else [])


def test_with_a_calibration_confidence_is_judged_only_when_its_setting_was_changed():
    audio, network = mixed(0.16), CalibratedNetwork(0.0)
    assert drops(judged([made_track(0, 0, 200)], [SPOKEN], audio=audio)) == [("t00", "min_confidence")]
    found = judged([made_track(0, 0, 200)], [SPOKEN], audio=audio, network=network)
    assert "min_confidence" not in {row.rule for row in found.decisions}
    found = judged([made_track(0, 0, 200)], [SPOKEN], audio=audio, network=network, min_confidence=0.2)
    assert drops(found) == [("t00", "min_confidence")]


def test_a_confidence_that_is_given_is_asked_whatever_its_value():
    found = judged([made_track(0, 0, 200)], [SPOKEN], network=CalibratedNetwork(0.0), min_confidence=0.21)
    [row] = [row for row in found.decisions if row.rule == "min_confidence"]
    assert (row.threshold, row.kept) == (0.21, True) and row.value > 0.5


@pytest.mark.parametrize(("min_active_s", "kept"), [(2.0, True), (7.0, False)])
def test_the_longest_time_in_which_a_face_speaks_decides(min_active_s, kept):
    found = judged([made_track(0, 0, 200)], [SPOKEN], speech=[made_turn(0, 120)], min_active_s=min_active_s)
    [row] = [row for row in found.decisions if row.rule == "speaks"]
    assert (row.value, row.threshold, row.kept) == (4.8, min_active_s, kept) and bool(spans(found)) == kept


def test_without_a_calibration_there_is_no_probability():
    found = judged([made_track(0, 0, 200)], [SPOKEN])
    assert found.rows[0].sync_probability is None and found.turns.turns[0].sync.probability is None
    assert not {"min_probability", "unsure_probability"} & {row.rule for row in found.decisions}


class BlindCalibratedNetwork(BlindNetwork):
    """Gives no vector for a face, and has a calibration."""

    calibration = Calibration(weights=(0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0), offset=0.0)


def test_a_face_that_a_calibrated_network_cannot_compare_is_dropped_by_min_probability():
    assert drops(judged([made_track(0, 0, 200)], [SPOKEN], network=BlindCalibratedNetwork())) == [
        ("t00", "min_probability")
    ]


def test_a_face_that_speaks_for_a_part_of_the_time_is_judged_by_its_assigned_frames():
    quarter = np.arange(200) < 60
    tracks, network = [made_track(0, 0, 200), made_track(1, 0, 200)], CalibratedNetwork(0.3)
    events = [np.where(quarter, SPOKEN, SILENT), np.where(quarter, SILENT, SPOKEN)]
    found = judged(tracks, events, network=network, **STRICT)
    assert [name for name, _, _ in spans(found)] == ["t00", "t01"]
    alone = judged(tracks[:1], events[:1], network=network, **STRICT)
    assert (
        drops(alone) == [("t00", "min_probability")] and alone.rows[0].sync_probability < found.rows[0].sync_probability
    )


def test_where_another_face_may_speak_too_there_is_no_clip():
    tracks, network = [made_track(0, 0, 200), made_track(1, 0, 200)], CalibratedNetwork(0.74)
    events = [SPOKEN, np.where(np.arange(200) % 7 < 5, SPOKEN, SILENT)]
    found = judged(tracks, events, network=network, **STRICT)
    assert spans(found) == [] and ("t01", "min_probability") in drops(found)
    assert {rule for _, rule in drops(found)} == {"min_probability", "overlap"}


def late_by(lag):
    late = SPOKEN - lag
    return np.where((late >= 1) & (late <= 200), late, 999)


def test_a_lag_is_corrected_to_the_sample():
    [turn] = judged([made_track(0, 0, 200)], [SPOKEN], audio=late_by(3)).turns.turns
    assert turn.audio_shift_samples == round(turn.sync.lag_frames * 640) != 0
    assert turn.sync.lag_se_frames < 0.2


def test_a_lag_below_the_smallest_shift_is_measured_and_not_corrected():
    found = judged([made_track(0, 0, 200)], [SPOKEN], audio=late_by(3), min_shift_frames=4.0)
    [turn] = found.turns.turns
    assert turn.audio_shift_samples == 0
    assert turn.sync.lag_frames == found.rows[0].audio_lag_frames == pytest.approx(3, abs=0.1)


def test_an_uncertain_lag_is_not_corrected():
    audio = np.where(np.arange(200) < 110, late_by(3), late_by(-4))  # half of it matches at another lag
    found = judged([made_track(0, 0, 200)], [SPOKEN], audio=audio)
    [row] = found.rows
    assert row.audio_lag_se_frames > 1.5 and abs(row.audio_lag_frames) > 1
    assert {turn.audio_shift_samples for turn in found.turns.turns} == {0}


def test_speech_is_looked_for_where_the_corrected_audio_has_it():
    speech = [made_turn(50, 160)]
    corrected = judged([made_track(0, 0, 200)], [SPOKEN], speech=speech, audio=late_by(10))
    left = judged([made_track(0, 0, 200)], [SPOKEN], speech=speech, audio=late_by(10), min_shift_frames=12.0)
    assert [spans(found)[0][1:] for found in (corrected, left)] == [(35, 155), (45, 165)]


def test_the_lags_of_segments_go_into_the_row():
    [row] = judged([made_track(0, 0, 200)], [SPOKEN], audio=late_by(3)).rows
    assert len(row.stretch_middle_frames) == len(row.stretch_lags_frames) == len(row.stretch_lag_se_frames) == 2
    assert row.stretch_lags_frames == pytest.approx((3, 3), abs=0.1)


def test_a_lag_that_is_too_large_is_dropped():
    late = np.where(SPOKEN > 14, SPOKEN - 14, 999)
    assert drops(judged([made_track(0, 0, 200)], [SPOKEN], audio=late)) == [("t00", "max_abs_lag_frames")]


def test_two_faces_that_take_turns_speak_one_after_the_other():
    half = np.arange(200) < 100
    found = judged(
        [made_track(0, 0, 200), made_track(1, 0, 200)], [np.where(half, SPOKEN, SILENT), np.where(half, SILENT, SPOKEN)]
    )
    [(first, start, end), (second, begin, last)] = spans(found)
    assert (first, second, start, last) == ("t00", "t01", 0, 200)
    assert abs(end - 100) <= 12 and abs(begin - 100) <= 12


def test_two_faces_that_match_at_once_give_no_clip_by_rule_overlap():
    found = judged([made_track(0, 0, 200), made_track(1, 0, 200)], [SPOKEN, SPOKEN])
    assert spans(found) == []
    assert {rule for _, rule in drops(found)} == {"overlap"}


def test_without_a_network_a_solo_face_keeps_its_voiced_segment_unjudged():
    found = judged([made_track(0, 0, 200)], [SILENT], speech=[made_turn(50, 150)], network=None)
    assert spans(found) == [("t00", 45, 155)]  # with a margin for lips that open early
    [turn] = found.turns.turns
    assert (turn.sync, found.turns.sync_network) == (None, "none")


def test_without_a_network_faces_that_are_in_view_together_are_dropped():
    found = judged([made_track(0, 0, 200), made_track(1, 0, 200)], [SILENT, SPOKEN], network=None)
    assert spans(found) == []
    assert drops(found) == [("t00", "max_other_faces"), ("t01", "max_other_faces")]


@pytest.mark.parametrize(
    "other", [made_track(1, 0, 200, has_mesh=False), made_track(1, 50, 60), made_track(1, 0, 200, face_source_px=20.0)]
)
def test_without_a_network_a_face_that_cannot_be_used_is_company_too(other):
    silent = SILENT[: other.end_frame - other.start_frame]
    found = judged([made_track(0, 0, 200), other], [SPOKEN, silent], network=None)
    [row] = [row for row in found.decisions if row.rule == "max_other_faces"]
    assert (row.value, row.kept) == (1.0, False) and spans(found) == []


def test_without_a_network_faces_one_after_another_are_each_alone():
    found = judged([made_track(0, 0, 100), made_track(1, 100, 200)], [SILENT[:100], SILENT[100:]], network=None)
    assert spans(found) == [("t00", 0, 100), ("t01", 100, 200)]


@pytest.mark.parametrize(
    ("track", "rule"),
    [
        (made_track(0, 0, 20), "min_track_s"),
        (made_track(0, 0, 200, face_source_px=20.0), "min_box_px"),
        (made_track(0, 0, 200, has_mesh=False), "has_mesh"),
    ],
)
def test_a_track_that_cannot_be_used_is_a_decision(track, rule):
    assert drops(judged([track], [SPOKEN[: track.end_frame]])) == [("t00", rule)]


def test_of_more_faces_than_are_judged_the_largest_are_and_the_others_have_a_row():
    sizes = [(0, 200, 50.0), (0, 200, 90.0), (0, 200, 70.0), (0, 60, 60.0), (60, 200, 80.0)]
    tracks = [made_track(number, start, end, face_source_px=px) for number, (start, end, px) in enumerate(sizes)]
    events = [SPOKEN, SILENT, SILENT, SILENT[:60], SILENT[60:]]
    found = judged(tracks, events, max_faces=2)
    ranks = {row.subject_id[-3:]: (row.value, row.kept) for row in found.decisions if row.rule == "max_faces"}
    assert ranks == {"t00": (3, False), "t01": (1, True), "t02": (3, False), "t03": (2, True), "t04": (2, True)}
    assert "max_faces" not in {row.rule for row in judged(tracks, events, max_faces=5).decisions}
    assert found.rows[0].sync_confidence is None and {
        row.threshold for row in found.decisions if row.rule == "max_faces"
    } == {2}


def test_a_track_without_speech_is_a_decision():
    found = judged([made_track(0, 0, 200)], [SPOKEN], speech=[made_turn(0, 30)])
    assert drops(found) == [("t00", "min_voiced_share")]
    assert found.rows[0].voiced_share == pytest.approx(0.15)


def test_a_window_without_a_face_is_a_decision():
    found = find_speakers(
        made_faces(200, [], ALWAYS), None, audio_of_events(SPOKEN), MadeNetwork(), SpeakersConfig(), **LIMITS
    )
    assert [(row.subject_kind, row.rule, row.kept) for row in found.decisions] == [("window", "has_face", False)]


def test_one_of_a_crowd_that_was_followed_without_a_mesh_is_dropped_for_its_size_not_for_its_mesh():
    tracks = [made_track(0, 0, 200), replace(made_track(1, 0, 200, has_mesh=False), size_rank=3)]
    found = judged(tracks, [SPOKEN, SPOKEN], max_faces=2)
    rows = [(row.rule, row.value, row.threshold, row.kept) for row in found.decisions if row.subject_id.endswith("t01")]
    assert rows == [("max_faces", 3.0, 2.0, False)]
