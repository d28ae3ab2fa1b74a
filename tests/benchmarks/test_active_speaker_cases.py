import json
from collections import Counter
from dataclasses import asdict

import numpy as np
import pytest

from benchmarks.active_speaker.cases_of_faces import judge_faces, judge_handovers, judge_voice_over
from benchmarks.active_speaker.cases_of_lags import judge_lags
from benchmarks.active_speaker.cases_of_noise import judge_noise
from benchmarks.active_speaker.cases_of_pairs import judge_pairs
from benchmarks.active_speaker.cases_of_recordings import judge_recordings
from benchmarks.active_speaker.judge import Judge
from benchmarks.active_speaker.scoring import all_measures, in_sync_faces, judge_cases
from tests.benchmarks.made_people import KnowingNetwork, knowing_judge, listed, made_clips, made_people, made_recording
from transforms.faces.stopwatch import Stopwatch
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.score_sync import NUM_FEATURES, Calibration

MADE_GROUPS = ("pairs", "handover", "voice_over", "noise")


def by_kind(outcomes):
    found = {}
    for case in outcomes:
        found.setdefault(case.kind, []).append(case)
    return found


def outcomes_of(clips, groups, judge=None):
    faces, unseen = in_sync_faces(clips)
    assert unseen == []
    return judge_cases(judge or knowing_judge(), clips, faces, groups, 3, Stopwatch())


@pytest.mark.parametrize("lag", [3, -2])
def test_right_audio_is_kept_at_its_lag_and_wrong_audio_dropped(tmp_path, lag):
    kinds = by_kind(judge_pairs(knowing_judge(), made_people(tmp_path, lag_frames=lag), 0))
    right = kinds.pop("right")
    assert {case.verdict for case in right} == {"kept"}
    assert [case.lag_error_frames for case in right] == [0] * len(right)
    assert {round(case.value) for case in right} == {lag}
    assert set(kinds) == {
        "another person",
        "same person, other sentence",
        "1 s off",
        "reversed",
        "silence",
        "speech-shaped noise",
    }
    worst = max(case.score for cases in kinds.values() for case in cases if case.length_s >= 2)
    assert worst < min(case.score for case in right if case.length_s >= 2)


def test_segments_have_the_requested_lengths_and_pairs_are_of_different_people(tmp_path):
    cases = list(judge_pairs(knowing_judge(), made_people(tmp_path), 0))
    right = Counter(case.length_s for case in cases if case.kind == "right")
    assert right == {1: 4 * 3, 2: 4, 3: 4}
    others = [case for case in cases if case.kind == "another person" and case.length_s == 3]
    assert len(others) == 4 * 2
    for case in others:
        assert int(case.face[4]) // 2 != int(case.audio[4]) // 2
    for case in cases:
        if case.kind == "same person, other sentence":
            (face, start), (audio, other) = case.face.split(), case.audio.split()
            assert face != audio or abs(int(start) - int(other)) >= (case.length_s + 2) * 25


def test_segments_without_speech_give_no_cases(tmp_path):
    people = made_people(tmp_path, num_people=1, voiced=((0, 50),))
    assert {case.face.split()[1] for case in judge_pairs(knowing_judge(), people, 0) if case.length_s == 1} == {
        "0",
        "25",
    }


def test_the_same_face_is_embedded_once(tmp_path):
    judge, people = knowing_judge(), made_people(tmp_path, num_people=1)
    cases = list(judge_pairs(judge, people, 0))
    assert judge.network._network.num_faces == len({(case.face, case.length_s) for case in cases})


def test_known_lags_are_found(tmp_path):
    cases = list(judge_lags(knowing_judge(), made_people(tmp_path, num_people=1, lag_frames=2), 0))
    assert {case.true_lag_frames for case in cases} == set(range(-13, 16))
    assert {case.true_lag_frames - case.value for case in cases} == {2}
    assert np.mean([case.lag_error_frames == 0 for case in cases]) > 0.97  # at the file's ends little audio is left


def test_the_drift_of_audio_that_lasts_a_thousandth_longer_is_found(tmp_path):
    events = 1 + np.arange(1000)
    clip = (listed("long.mkv", "a"), made_recording(tmp_path / "long", [events], events, ((0, 1000),)))
    outcomes = outcomes_of([clip], ["drift"])
    # A thousandth of 40 s is one frame, and this judge finds whole frames only: a step instead of a slope.
    assert [case.value for case in outcomes] == [pytest.approx(1.5, abs=0.8)]


def test_the_face_that_speaks_is_chosen_of_two_and_of_three(tmp_path):
    cases = list(judge_faces(knowing_judge(), made_people(tmp_path, num_people=3)[::2], 0))
    assert {case.kind for case in cases} == {"2 faces", "3 faces"}
    long = [case for case in cases if case.length_s >= 3]
    assert {case.found for case in long} == {"right"} and {case.value for case in long} == {1.0}
    for case in cases:
        people = [int(name[4]) // 2 for name in case.face.split(" | ")]
        assert len(set(people)) == len(people) and case.face.startswith(case.audio)


def test_a_handover_is_found_where_it_is(tmp_path):
    cases = list(judge_handovers(knowing_judge(), made_people(tmp_path), 0))
    assert len(cases) == 4 * 2
    assert max(abs(case.value) for case in cases) <= 0.2


def test_a_voice_over_a_silent_face_or_a_photograph_has_no_speaker_in_view(tmp_path):
    people = made_people(tmp_path, voiced=((0, 40),))
    kinds = by_kind(judge_voice_over(knowing_judge(), people, 0))
    assert set(kinds) == {"silent face", "photograph"}
    assert {case.face.split()[1] for case in kinds["silent face"]} == {"42"}
    assert all(case.found == case.answer == "no_speaker" for cases in kinds.values() for case in cases)


def test_noise_is_added_at_three_levels_in_two_colours(tmp_path):
    kinds = by_kind(judge_noise(knowing_judge(), made_people(tmp_path, num_people=1), 0))
    assert set(kinds) == {"clean"} | {
        f"{colour} {level} dB" for colour in ("white", "speech-shaped") for level in (20, 10, 0)
    }
    assert {case.verdict for case in kinds["clean"]} == {"kept"}


@pytest.mark.parametrize(("answer", "speaker"), [("left", 0), ("right", 1), ("no_speaker", None)])
def test_hard_recordings_are_answered(tmp_path, answer, speaker):
    events = [1 + np.arange(100), 1001 + np.arange(100)]
    audio = 5001 + np.arange(100) if speaker is None else events[speaker]
    clips = [
        (listed("two.mkv", "a,b", "hard", None, wanted), made_recording(tmp_path / wanted, events, audio, ((0, 100),)))
        for wanted in (answer, "both")
    ]
    found = list(judge_recordings(knowing_judge(), clips))
    assert [(case.answer, case.found) for case in found] == [(answer, answer), ("both", answer)]


def test_turns_and_shifted_recordings_are_measured(tmp_path):
    events = [1 + np.arange(160), 1001 + np.arange(160)]
    turns = np.concatenate([events[0][:80], events[1][80:]])
    late = np.clip(np.arange(160) - 5, 0, None) + 1
    clips = [
        (
            listed("turns.mkv", "a,b", "hard", None, "turns"),
            made_recording(tmp_path / "turns", events, turns, ((0, 160),)),
        ),
        (listed("late.mkv", "a", "known_offset", 5.0), made_recording(tmp_path / "late", events[:1], late)),
    ]
    first, second = judge_recordings(knowing_judge(), clips)
    assert first.found == "turns" and second.lag_error_frames == 0


def test_the_same_table_and_seed_give_the_same_numbers(tmp_path):
    clips, texts = made_clips(tmp_path), []
    for _ in range(2):
        measures = all_measures(outcomes_of(clips, MADE_GROUPS), MADE_GROUPS, 3)
        texts.append(json.dumps([asdict(measure) for measure in measures]))
    assert texts[0] == texts[1]
    reached = {(measure.name, measure.setting): measure.value for measure in measures if measure.target}
    assert reached["lag within 1 frame", "3 s and more"] == reached["AUC, another person", "3 s"] == 1.0
    assert reached["in sync, shifted by mistake", "3 s and more"] == 0.0
    assert reached["expected calibration error", "all lengths"] is None  # this judge has no probabilities


def test_another_seed_draws_another_noise(tmp_path):
    people = made_people(tmp_path, num_people=1)
    first, again, other = (list(judge_noise(knowing_judge(), people, seed)) for seed in (0, 0, 1))
    assert first == again and first != other


def test_a_judge_with_probabilities_is_scored_for_calibration(tmp_path):
    judge = knowing_judge()
    judge.network.calibration = Calibration(weights=(40.0,) + (0.0,) * (NUM_FEATURES - 1), offset=-24.0)
    outcomes = outcomes_of(made_clips(tmp_path), ["pairs"], judge)
    found = {(measure.name, measure.setting): measure.value for measure in all_measures(outcomes, ["pairs"], 0)}
    assert found["expected calibration error", "all lengths"] < 0.05
    assert found["probability, more than at 3 s", "1 s"] == pytest.approx(0, abs=0.05)


def test_the_networks_own_similarity_is_used(tmp_path):
    class OppositeNetwork(KnowingNetwork):
        def similarity(self, face, audio):
            return -super().similarity(face, audio)

    cases = judge_pairs(Judge(OppositeNetwork(), SpeakersConfig()), made_people(tmp_path, num_people=1), 0)
    assert all(case.lag_error_frames > 0 for case in cases if case.kind == "right" and case.length_s == 3)
