import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.copies.made_clips import fingerprint_of, performance
from transforms.copies.alignment import is_copy, shared_part
from transforms.copies.bands import band_keys
from transforms.copies.config import CopiesConfig
from transforms.media.fingerprint import clip_fingerprint, read_fingerprint

CONFIG = CopiesConfig()


def shared(first, second):
    return shared_part(read_fingerprint(first), read_fingerprint(second), CONFIG)


def share_a_key(first, second):
    return bool(set(band_keys(read_fingerprint(first))) & set(band_keys(read_fingerprint(second))))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 40), st.sampled_from([0.98, 1.0, 1.02]))
def test_a_clip_that_begins_elsewhere_and_runs_at_another_speed_is_a_copy(seed, later_frames, speed):
    first = fingerprint_of(seed, num_frames=100)
    second = fingerprint_of(seed, start_s=later_frames / 25, num_frames=100, speed=speed)
    found = shared(first, second)
    assert found is not None
    assert found.first_s[0] == pytest.approx(later_frames / 25, abs=0.15)
    assert found.second_s[0] == pytest.approx(0, abs=0.15)
    expected_s = min(4.0, (later_frames / 25 + 4.0 * speed)) - later_frames / 25
    assert found.first_s[1] - found.first_s[0] == pytest.approx(expected_s, abs=0.2)


def test_of_such_copies_nearly_all_share_a_key():
    begins = [(seed, 2 * seed, (0.98, 1.0, 1.02)[seed % 3]) for seed in range(20)]
    copies = [
        (fingerprint_of(seed, num_frames=100), fingerprint_of(seed, start_s=later / 25, num_frames=100, speed=speed))
        for seed, later, speed in begins
    ]
    assert sum(share_a_key(*pair) for pair in copies) >= 19


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 1000))
def test_two_performances_are_no_copies(seed, other):
    assert is_copy(fingerprint_of(seed), fingerprint_of(other), CONFIG) == (seed == other)


def test_one_voice_over_two_faces_is_no_copy():
    samples, mesh = performance(5)
    _, others = performance(6)
    assert not is_copy(clip_fingerprint(samples, mesh), clip_fingerprint(samples, others), CONFIG)


def test_two_voices_of_one_face_are_no_copies():
    samples, mesh = performance(5)
    others, _ = performance(6)
    assert not is_copy(clip_fingerprint(samples, mesh), clip_fingerprint(others, mesh), CONFIG)


def test_less_than_a_second_in_common_is_no_copy():
    assert not is_copy(fingerprint_of(7), fingerprint_of(7, start_s=2.2), CONFIG)
    assert is_copy(fingerprint_of(7), fingerprint_of(7, start_s=1.8), CONFIG)


def test_a_silent_still_clip_is_a_copy_of_nothing_and_has_no_key():
    silent = clip_fingerprint(np.zeros(640 * 50, np.int16), np.zeros((50, 468, 3), np.int16))
    assert not is_copy(silent, silent, CONFIG)
    assert band_keys(read_fingerprint(silent)) == []


@pytest.mark.parametrize("num_frames", [0, 1, 10, 24])
def test_clips_that_are_too_short_are_not_compared(num_frames):
    short = clip_fingerprint(np.zeros(640 * num_frames, np.int16), np.zeros((num_frames, 468, 3), np.int16))
    assert not is_copy(short, fingerprint_of(8), CONFIG)
    assert not is_copy(fingerprint_of(8), short, CONFIG)


def test_keys_are_few_and_sorted():
    keys = band_keys(read_fingerprint(fingerprint_of(9, num_frames=250)))
    assert keys == sorted(set(keys))
    assert 100 < len(keys) < 1000
