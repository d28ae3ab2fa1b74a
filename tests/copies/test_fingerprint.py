import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.copies.made_clips import fingerprint_of, mirrored, performance
from transforms.media.fingerprint import clip_fingerprint, read_fingerprint


def test_a_second_takes_a_hundred_characters():
    assert len(fingerprint_of(1, num_frames=250)) == 1 + 1000


def test_it_holds_half_a_byte_of_each_number():
    found = read_fingerprint(fingerprint_of(1, num_frames=75))
    assert (found.audio.shape, found.lips.shape) == ((37, 8), (37, 4))
    assert np.abs(found.audio).max() <= 7
    assert np.abs(found.lips.mean(0)).max() < 1


def test_a_mirror_image_has_the_same():
    samples, mesh = performance(2)
    assert clip_fingerprint(samples, mirrored(mesh)) == clip_fingerprint(samples, mesh)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.02, 2.0), st.integers(8, 40))
def test_loudness_and_size_change_next_to_nothing(gain, percent):
    samples, mesh = performance(3)
    louder = np.clip(np.round(samples * gain), -32768, 32767).astype(np.int16)
    smaller = np.round(mesh * (percent / 40)).astype(np.int16)
    first, second = (read_fingerprint(clip_fingerprint(*one)) for one in ((samples, mesh), (louder, smaller)))
    assert np.abs(first.lips - second.lips).max() <= 1
    assert np.abs(first.audio - second.audio).mean() < 0.2


@pytest.mark.parametrize("num_frames", [1, 2, 3])
def test_the_shortest_clips_have_one(num_frames):
    assert len(read_fingerprint(fingerprint_of(4, num_frames=num_frames)).audio) == num_frames // 2


def test_a_silent_still_clip_has_one_of_zeros():
    found = read_fingerprint(clip_fingerprint(np.zeros(640 * 50, np.int16), np.zeros((50, 468, 3), np.int16)))
    assert not found.audio.any()
    assert not found.lips.any()


@pytest.mark.parametrize("text", ["", "b" + "iIiI" * 2, "a!", "aiIiI", "aé"])
def test_what_is_none_is_told(text):
    with pytest.raises(ValueError, match="a fingerprint"):
        read_fingerprint(text)
