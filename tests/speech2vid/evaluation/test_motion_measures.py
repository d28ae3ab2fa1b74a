"""Sharpness, jitter, flicker and lip closures, on faces and mouths whose result is known."""

import cv2
import numpy as np
import pytest

from schemas.errors import UsageError
from speech2vid.evaluation.canonical_size import CANONICAL_PX, resized_faces
from speech2vid.evaluation.closures import closures_at, count_found, find_closures
from speech2vid.evaluation.dub_scores import seam_visibility
from speech2vid.evaluation.stillness import flicker, jitter, sharpness_ratio
from speech2vid.evaluation.timings import Timings, Word, closing_moments, read_words
from tests.schemas.made_stored import mesh_of

RANDOM = np.random.default_rng(0)


def noise_faces(num_frames=4, side_px=256):
    return RANDOM.integers(0, 256, (num_frames, side_px, side_px, 3), dtype=np.uint8)


def blurred(faces):
    return np.stack([cv2.GaussianBlur(face, (0, 0), 2) for face in faces])


def babble(num_frames=100, period=10):
    """A mouth that closes in the middle of every period."""
    return 0.15 + 0.14 * np.cos(2 * np.pi * np.arange(num_frames) / period)


def test_a_blurred_mouth_is_less_sharp_and_a_blurred_forehead_is_not():
    true = noise_faces()
    forehead = true.copy()
    forehead[:, :100] = blurred(true)[:, :100]
    assert sharpness_ratio(true, true) == 1
    assert sharpness_ratio(blurred(true), true) < 0.1
    assert sharpness_ratio(forehead, true) == 1


def test_faces_that_were_enlarged_are_less_sharp_than_true_ones():
    true = noise_faces()
    assert sharpness_ratio(resized_faces(resized_faces(true, CANONICAL_PX), 256), true) < 0.3


def test_faces_shrink_by_area():
    stripes = np.zeros((1, 224, 224, 3), np.uint8)
    stripes[:, ::2] = 200
    assert (resized_faces(stripes, 112) == 100).all()


def test_a_smoothly_moving_head_does_not_jitter_and_a_shaking_one_does():
    still = mesh_of(np.full(50, 5.0))
    steady = still + np.arange(50)[:, None, None] * np.array([0.5, 0, 0])
    shaking = still + RANDOM.normal(0, 0.5, (50, 1, 3))
    assert jitter(steady) < 1e-6
    assert 0.01 < jitter(shaking) < 0.05  # half a pixel of 50 between the eyes, times the root of six
    assert jitter(2 * shaking) == pytest.approx(jitter(shaking))


def test_a_talking_mouth_does_not_jitter():
    assert jitter(mesh_of(5 + 4 * np.sin(np.arange(50.0)))) < 1e-6


def test_flicker_is_in_grey_levels_and_of_the_skin_alone():
    still = np.full((40, CANONICAL_PX, CANONICAL_PX, 3), 100, np.uint8)
    mouth, skin = still.copy(), still.copy()
    mouth[::2, 60:100] += 10
    skin[::2] += 10
    assert flicker(still) == flicker(mouth) == 0
    assert flicker(skin) == pytest.approx(20)


def test_a_seam_is_seen_where_a_part_was_changed_with_a_hard_edge():
    still = cv2.GaussianBlur(noise_faces(1)[0], (0, 0), 4)
    hard, soft = still.copy(), still.copy()
    hard[150:200, 100:160] = np.clip(hard[150:200, 100:160].astype(int) + 60, 0, 255)
    soft[150:200, 100:160] = cv2.GaussianBlur(still, (0, 0), 1)[150:200, 100:160]
    assert seam_visibility(still, hard) > 5
    assert 0.5 < seam_visibility(still, soft) < 1.5
    assert seam_visibility(still, still) is None and seam_visibility(still, 255 - still) is None


def test_each_closing_after_being_open_is_one_closure():
    assert find_closures(babble(40)).tolist() == [5, 15, 25, 35]


def test_a_mouth_that_stays_shut_open_or_still_has_no_closures():
    assert len(find_closures(np.full(50, 0.01))) == 0
    assert len(find_closures(babble() + 0.3)) == 0  # never near closed
    assert len(find_closures(0.01 + 0.05 * babble())) == 0  # moves too little to tell


def test_a_flutter_while_the_mouth_is_shut_is_no_second_closure():
    opening = np.array([0.3, 0.3, 0.3, 0.02, 0.01, 0.04, 0.015, 0.03, 0.3, 0.3, 0.3, 0.3])
    assert find_closures(opening).tolist() == [4]


def test_the_same_mouth_makes_all_closures_also_a_little_late():
    true = babble()
    closures = find_closures(true)
    assert count_found(true, true, closures) == len(closures) == 10
    assert count_found(np.roll(true, 2), true, closures) == 10
    assert count_found(np.roll(true, 5), true, closures) == 0


def test_a_mouth_that_never_closes_or_never_opens_makes_none():
    true = babble()
    closures = find_closures(true)
    assert count_found(true + 0.05, true, closures) == 0
    assert count_found(np.full(100, 0.01), true, closures) == 0


def test_closures_of_the_timings_are_those_near_their_moments():
    assert closures_at(babble(40), np.array([5.5, 20.0, 26.0])).tolist() == [5, 25]


def test_p_b_and_m_close_the_lips_where_a_word_begins_and_the_letter_m_where_it_ends():
    words = [
        Word(text=text, start_s=number, end_s=number + 0.5)
        for number, text in enumerate(["sil", "place", "green", "by", "m", "three", "phone", "more"])
    ]
    assert closing_moments(words).tolist() == [1, 3, 4.5, 7]


def test_an_align_file_is_read_in_seconds(tmp_path):
    (tmp_path / "bbaf2n.align").write_text("0 16000 sil\n16000 21250 bin\n")
    assert read_words(tmp_path / "bbaf2n.align")[1] == Word(text="bin", start_s=0.64, end_s=0.85)


def test_a_damaged_align_file_and_a_folder_without_one_get_one_line(tmp_path):
    with pytest.raises(UsageError, match=r"holds no \.align file"):
        Timings(tmp_path)
    (tmp_path / "a.align").write_text("0 16000 sil\n16000 bin\n")
    with pytest.raises(UsageError, match=r"a\.align, line 2: expected 'start end word'"):
        read_words(tmp_path / "a.align")
