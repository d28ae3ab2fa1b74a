import numpy as np

from tests.speakers.made_windows import made_turn
from transforms.speakers.turns import longest_run, speaking_spans


def mask(num_frames, *runs):
    values = np.zeros(num_frames, bool)
    for low, high in runs:
        values[low:high] = True
    return values


def spans(speaks, speech, contested=None, start_frame=0, shift_samples=0, min_active_frames=5):
    contested = np.zeros(len(speaks), bool) if contested is None else contested
    found = speaking_spans(speaks, contested, speech, start_frame, shift_samples, 5, min_active_frames)
    return [(span.start_frame, span.end_frame, span.overlap_share) for span in found]


def test_a_turn_keeps_a_margin_before_and_after():
    assert spans(mask(200, (50, 100)), [made_turn(50, 100)]) == [(45, 105, 0.0)]


def test_a_pause_shorter_than_a_second_belongs_to_the_turn():
    assert spans(mask(200, (50, 80), (104, 150)), [made_turn(50, 150)]) == [(45, 155, 0.0)]


def test_a_longer_pause_ends_the_turn():
    assert spans(mask(200, (20, 60), (95, 150)), [made_turn(0, 200)]) == [(15, 65, 0.0), (90, 155, 0.0)]


def test_a_few_frames_make_no_turn():
    assert spans(mask(200, (50, 54)), [made_turn(0, 200)]) == []


def test_how_few_frames_make_no_turn_is_a_setting():
    assert spans(mask(200, (50, 54)), [made_turn(0, 200)], min_active_frames=4) == [(45, 59, 0.0)]
    assert spans(mask(200, (50, 70)), [made_turn(0, 200)], min_active_frames=21) == []


def test_the_longest_run_is_counted():
    assert longest_run(mask(50, (3, 8), (20, 32))) == 12 and longest_run(mask(50)) == 0


def test_a_turn_is_cut_where_another_face_speaks_too():
    found = spans(mask(200, (0, 200)), [made_turn(0, 200)], contested=mask(200, (80, 120)))
    assert found == [(0, 80, 0.0), (80, 120, 1.0), (120, 200, 0.0)]


def test_a_turn_is_cut_where_two_voices_speak():
    speech = [made_turn(0, 90, "A"), made_turn(90, 130, "A", overlapped=True), made_turn(130, 200, "A")]
    assert spans(mask(200, (0, 200)), speech) == [(0, 90, 0.0), (90, 130, 1.0), (130, 200, 0.0)]


def test_a_turn_is_cut_where_the_voice_changes():
    speech = [made_turn(0, 100, "A"), made_turn(110, 200, "B")]
    assert spans(mask(200, (0, 200)), speech) == [(0, 110, 0.0), (110, 200, 0.0)]  # the pause is voice A's


def test_voices_are_looked_up_in_the_corrected_audio():
    speech = [made_turn(0, 100, "A"), made_turn(100, 210, "B")]
    assert spans(mask(200, (0, 200)), speech, shift_samples=10 * 640) == [(0, 90, 0.0), (90, 200, 0.0)]


def test_spans_count_from_the_start_of_the_source():
    assert spans(mask(100, (20, 60)), [made_turn(0, 1200)], start_frame=1000) == [(1015, 1065, 0.0)]
