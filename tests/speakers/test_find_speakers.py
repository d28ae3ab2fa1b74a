import numpy as np
import pytest

from tests.speakers.made_windows import MadeNetwork, made_faces, made_track, made_turn, sound_of_events, tubes_of
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.find_speakers import find_speakers

SPOKEN = np.arange(1, 201)  # a new event every frame
SILENT = SPOKEN + 1000
LIMITS = {"min_box_px": 32.0, "min_track_s": 1.0, "min_turn_s": 1.0}
ALWAYS = [made_turn(0, 200)]
NETWORK = MadeNetwork()


def judged(tracks, events, speech=ALWAYS, network=NETWORK, sound=SPOKEN, **config):
    faces = made_faces(200, tracks, speech)
    return find_speakers(faces, tubes_of(tracks, events), sound_of_events(sound), network, SpeakersConfig(**config),
                         **LIMITS)


def spans(judgement):
    return [(turn.track.name, turn.start_frame, turn.end_frame) for turn in judgement.turns.turns]


def drops(judgement):
    return [(row.subject_id[-3:], row.rule) for row in judgement.decisions if not row.kept]


def test_the_face_that_fits_the_sound_speaks_and_the_silent_one_is_dropped():
    found = judged([made_track(0, 0, 200), made_track(1, 0, 200)], [SILENT, SPOKEN])
    assert spans(found) == [("t01", 0, 200)]
    assert drops(found) == [("t00", "min_confidence")]
    assert [row.active_share > 0.9 for row in found.rows] == [False, True]


@pytest.mark.parametrize("lag", [-10, -3, 0, 7, 12])
def test_the_lag_of_a_late_sound_is_measured(lag):
    late = SPOKEN - lag
    late = np.where((late >= 1) & (late <= 200), late, 999)
    found = judged([made_track(0, 0, 200)], [SPOKEN], sound=late)
    [turn] = found.turns.turns
    assert turn.audio_lag_frames == pytest.approx(lag, abs=0.1)
    assert found.rows[0].audio_lag_frames == turn.audio_lag_frames and len(found.rows[0].sync_curve) == 31


def test_the_sound_of_a_window_is_embedded_once_whatever_the_number_of_faces():
    network = MadeNetwork()
    judged([made_track(number, 0, 200) for number in range(3)], [SPOKEN, SILENT, SILENT], network=network)
    assert network.num_sounds == 1


def test_the_sound_of_a_window_without_a_usable_face_is_not_embedded():
    network = MadeNetwork()
    judged([made_track(0, 0, 20)], [SPOKEN[:20]], network=network)
    assert network.num_sounds == 0


class DeafNetwork(MadeNetwork):
    """Has no answer for any frame of a face."""

    def embed_face(self, tubes, name):
        return np.full_like(super().embed_face(tubes, name), np.nan)


@pytest.mark.parametrize("min_confidence", [0.0, 0.2])
def test_a_face_that_cannot_be_compared_is_dropped_as_not_judged(min_confidence):
    found = judged([made_track(0, 0, 200)], [SPOKEN], network=DeafNetwork(), min_confidence=min_confidence)
    assert drops(found) == [("t00", "min_confidence")] and spans(found) == []
    [row] = found.rows
    assert (row.audio_lag_frames, row.sync_confidence, row.sync_curve) == (None, None, ())


class FarNetwork(MadeNetwork):
    """Likeness is minus the distance, as SyncNet's."""

    def likeness(self, face, sound):
        return -np.linalg.norm(face - sound, axis=1)


def test_the_networks_own_likeness_is_what_counts():
    found = judged([made_track(0, 0, 200)], [SPOKEN], network=FarNetwork())
    assert found.rows[0].sync_curve[15] == pytest.approx(0.0, abs=1e-5)  # a distance of nothing
    assert max(np.delete(found.rows[0].sync_curve, 15)) < -1


def test_a_lag_that_is_too_large_is_dropped():
    late = np.where(SPOKEN > 14, SPOKEN - 14, 999)
    assert drops(judged([made_track(0, 0, 200)], [SPOKEN], sound=late)) == [("t00", "max_abs_lag_frames")]


def test_two_faces_that_take_turns_speak_one_after_the_other():
    half = np.arange(200) < 100
    found = judged([made_track(0, 0, 200), made_track(1, 0, 200)],
                   [np.where(half, SPOKEN, SILENT), np.where(half, SILENT, SPOKEN)])
    [(first, start, end), (second, begin, last)] = spans(found)
    assert (first, second, start, last) == ("t00", "t01", 0, 200)
    assert abs(end - 100) <= 12 and abs(begin - 100) <= 12


def test_two_faces_that_fit_at_once_give_no_clip_by_rule_overlap():
    found = judged([made_track(0, 0, 200), made_track(1, 0, 200)], [SPOKEN, SPOKEN])
    assert spans(found) == []
    assert {rule for _, rule in drops(found)} == {"overlap"}


def test_without_a_network_a_lone_face_keeps_its_voiced_stretch_unjudged():
    found = judged([made_track(0, 0, 200)], [SILENT], speech=[made_turn(50, 150)], network=None)
    assert spans(found) == [("t00", 45, 155)]  # with room for lips that open early
    [turn] = found.turns.turns
    assert (turn.audio_lag_frames, turn.sync_confidence, found.turns.sync_network) == (None, None, "none")


def test_without_a_network_nobody_in_company_is_believed():
    found = judged([made_track(0, 0, 200), made_track(1, 0, 200)], [SILENT, SPOKEN], network=None)
    assert spans(found) == []
    assert drops(found) == [("t00", "max_other_faces"), ("t01", "max_other_faces")]


def test_without_a_network_faces_one_after_another_are_each_alone():
    found = judged([made_track(0, 0, 100), made_track(1, 100, 200)], [SILENT[:100], SILENT[100:]], network=None)
    assert spans(found) == [("t00", 0, 100), ("t01", 100, 200)]


@pytest.mark.parametrize(("track", "rule"), [
    (made_track(0, 0, 20), "min_track_s"),
    (made_track(0, 0, 200, face_source_px=20.0), "min_box_px"),
    (made_track(0, 0, 200, has_mesh=False), "has_mesh"),
])
def test_a_track_that_cannot_be_used_is_a_decision(track, rule):
    assert drops(judged([track], [SPOKEN[:track.end_frame]])) == [("t00", rule)]


def test_a_track_without_speech_is_a_decision():
    found = judged([made_track(0, 0, 200)], [SPOKEN], speech=[made_turn(0, 30)])
    assert drops(found) == [("t00", "min_voiced_share")]
    assert found.rows[0].voiced_share == pytest.approx(0.15)


def test_a_window_without_a_face_is_a_decision():
    found = find_speakers(made_faces(200, [], ALWAYS), None, sound_of_events(SPOKEN), MadeNetwork(), SpeakersConfig(),
                          **LIMITS)
    assert [(row.subject_kind, row.rule, row.kept) for row in found.decisions] == [("window", "has_face", False)]
