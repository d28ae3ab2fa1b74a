"""Augmented voices: what is said stays where it was."""

import numpy as np

from speech2vid.sync_training.augment_voice import augment_voice, augmented_voices
from tests.speakers.test_speech_encoder import made_speech


class LoudnessEncoder:
    """Two features a frame, which depend on loudness alone."""

    def encode(self, samples: np.ndarray) -> np.ndarray:
        loud = np.log(np.abs(samples.astype(float)).reshape(-1, 320).mean(1) + 1)
        return np.repeat(loud[:, None], 288, 1).astype(np.float32)


def test_an_augmented_voice_has_the_stated_length():
    audio = made_speech(75)
    changed, ratio = augment_voice(audio, [made_speech(60, seed=1)], np.random.default_rng(3))
    assert changed.dtype == np.int16 and len(changed) % 640 == 0
    assert abs(len(changed) - ratio * len(audio)) <= 640 and 0.8 < ratio < 1.2
    assert np.abs(changed).max() > 500


def test_loud_and_quiet_stay_where_they_were_in_every_version():
    audio = [made_speech(100, seed=0), made_speech(80, seed=1)]
    features = augmented_voices(audio, ["a", "b"], LoudnessEncoder(), seed=0)
    assert [versions.shape for versions in features] == [(16, 200, 288), (16, 160, 288)]
    unchanged = features[0][0, :, 0].astype(float)
    fits = [
        [np.corrcoef(np.roll(unchanged, shift), version[:, 0].astype(float))[0, 1] for shift in (-8, 0, 8)]
        for version in features[0][1:]
    ]
    assert (np.argmax(fits, 1) == 1).mean() > 0.9


def test_the_same_seed_gives_the_same_versions_and_another_does_not():
    audio = [made_speech(60)]
    first, again, other = (augmented_voices(audio, ["a"], LoudnessEncoder(), seed)[0] for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first[1], other[1])


def test_a_speaker_with_much_audio_gets_fewer_versions():
    long = [made_speech(25 * 60)] * 10
    features = augmented_voices(long, ["a"] * 10, LoudnessEncoder(), seed=0)
    assert len(features[0]) == 4
