import numpy as np
import pytest

from speech2vid.sync_training.scoring import EmbeddedClip, area_under_curve, pair_peaks, score


def embedded(speaker: str, seed: int, num_frames: int = 150, similarity: float = 1.0) -> EmbeddedClip:
    random = np.random.default_rng(seed)
    audio, other = random.normal(size=(2, num_frames, 32)) / np.sqrt(32)
    face = similarity * audio + (1 - similarity) * other
    return EmbeddedClip(
        name=speaker,
        speaker=speaker,
        face=face.astype(np.float32),
        audio=audio.astype(np.float32),
        speech=np.ones(num_frames, bool),
    )


def test_a_perfect_network_scores_one():
    found = score([embedded(name, seed) for seed, name in enumerate("abcd")])
    assert (found.lag_share, found.auc, found.num_clips, found.num_segments) == (1.0, 1.0, 4, 8)


def test_a_network_without_information_scores_about_a_half():
    found = score([embedded(name, seed, similarity=0.0) for seed, name in enumerate("abcdefgh")])
    assert found.auc == pytest.approx(0.5, abs=0.2) and found.lag_share < 0.5


def test_wrong_pairs_are_of_two_speakers():
    right, wrong = pair_peaks([embedded("a", 0), embedded("a", 1), embedded("b", 2, 75)], 75)
    assert (len(right), len(wrong)) == (5, 8)


def test_segments_without_speech_are_left_out():
    clip = embedded("a", 0)
    clip.speech[:75] = False
    assert len(pair_peaks([clip], 75)[0]) == 1


def test_area_under_curve_counts_pairs_in_order_and_ties_by_half():
    assert area_under_curve(np.array([1.0, 2.0]), np.array([1.0, 0.0])) == pytest.approx(3.5 / 4)
