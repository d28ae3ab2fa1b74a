"""Audio that runs at another rate than the images is found, corrected where that is certain, and else dropped."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME
from tests.speakers.made_windows import MARGIN, made_faces, made_track, made_turn, tubes_of
from transforms.media.audio_rate import read_at_rate, speech_at_rate
from transforms.speakers.audio_embedding import AudioEmbedding
from transforms.speakers.audio_rate import find_rate
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.find_speakers import find_speakers
from transforms.speakers.score_sync import Calibration

NUM_FRAMES = 200
LIMITS = {"min_box_px": 32.0, "min_track_s": 1.0, "min_turn_s": 1.0}
PER_EVENT = 100  # in the samples of made audio, which is the time itself
RATES = [Fraction(147, 160), Fraction(160, 147), Fraction(24, 25), Fraction(25, 24)]


def vectors_of(times):
    """Unit vectors float32 (N, 128) of times in frames; those of times within two frames are alike."""
    random = np.random.default_rng(0)
    phases = np.asarray(times, np.float64)[:, None] * random.normal(0, 0.5, 64)
    return (np.concatenate([np.cos(phases), np.sin(phases)], 1) / 8).astype(np.float32)


class TimeNetwork:
    """Reads the time from mesh and audio. Its probability depends on the confidence: 1/2 at `half`."""

    name, sha256 = "made", "3"

    def __init__(self, half=0.5):
        self.calibration = Calibration(weights=(0.0, 30.0, 0.0, 0.0, 0.0, 0.0, 0.0), offset=-30.0 * half)

    def embed_face(self, tubes, name):
        return vectors_of(tubes.mesh(name)[:, 0, 0])

    def embed_audio(self, samples):
        return vectors_of(samples[SAMPLES_PER_FRAME // 2 :: SAMPLES_PER_FRAME] / PER_EVENT)

    def similarity(self, face, audio):
        return (face * audio).sum(1)


def audio_at(rate, lag=0.0):
    """Audio of a window whose sample n is at the time n / rate: it must be corrected by `rate`; late by some frames."""
    frames = (np.arange((NUM_FRAMES + 2 * MARGIN) * SAMPLES_PER_FRAME) / SAMPLES_PER_FRAME - MARGIN) / float(rate)
    return np.clip(np.round((frames - lag - 0.5) * PER_EVENT), 0, 32_767).astype(np.int16)


def judged(audio, network, num_frames=NUM_FRAMES, others=0, **config):
    tracks = [made_track(number, 0, num_frames) for number in range(1 + others)]
    events = [np.arange(num_frames) + 500 * number for number in range(1 + others)]
    faces = made_faces(NUM_FRAMES, tracks, [made_turn(0, NUM_FRAMES)])
    return find_speakers(faces, tubes_of(tracks, events), audio, network, SpeakersConfig(**config), **LIMITS)


def drops(judgement):
    return [(row.subject_id[-3:], row.rule) for row in judgement.decisions if not row.kept]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("num_frames", [100, 200])
def test_a_common_rate_is_found_and_corrected(rate, num_frames):
    found = judged(audio_at(rate, lag=3.0), TimeNetwork(), num_frames)
    [turn], [row] = found.turns.turns, found.rows
    assert found.turns.audio_rate == rate and row.audio_rate_correction == float(rate)
    assert turn.sync.lag_frames == pytest.approx(3.0, abs=0.3) and turn.audio_shift_samples == pytest.approx(
        1920, abs=200
    )


def test_another_rate_is_found_too():
    found = judged(audio_at(Fraction(95, 100)), TimeNetwork())
    assert float(found.turns.audio_rate) == pytest.approx(0.95, abs=0.003) and len(found.turns.turns) == 1


@pytest.mark.parametrize("rate", [Fraction(1), Fraction(1000, 1001), Fraction(1001, 1000)])
def test_audio_whose_lag_does_not_change_within_a_clip_is_left_alone(rate):
    found = judged(audio_at(rate), TimeNetwork())
    assert found.turns.audio_rate == 1 and found.rows[0].audio_rate_correction == 1 and len(found.turns.turns) == 1
    assert "max_drift_frames" not in {row.rule for row in found.decisions}


def test_all_faces_of_a_window_are_compared_with_the_corrected_audio():
    found = judged(audio_at(RATES[0]), TimeNetwork(), others=1)
    assert [row.audio_rate_correction for row in found.rows] == [float(RATES[0])] * 2
    assert [turn.track.name for turn in found.turns.turns] == ["t00"] and ("t01", "unsure_probability") in drops(found)


@pytest.mark.parametrize(("max_drift_frames", "kept"), [(2.0, False), (15.0, False), (20.0, True)])
def test_a_drift_that_is_not_certain_is_dropped_by_a_rule(max_drift_frames, kept):
    network = TimeNetwork(half=1.5)  # no face is ever certain
    every = {"min_probability": 0.0, "unsure_probability": 0.0, "max_abs_lag_frames": 15.0}
    found = judged(audio_at(RATES[0]), network, max_drift_frames=max_drift_frames, **every)
    [row] = [row for row in found.decisions if row.rule == "max_drift_frames"]
    assert row.value == pytest.approx(13 / 160 * NUM_FRAMES, abs=1.5) and (row.threshold, row.kept) == (
        max_drift_frames,
        kept,
    )
    assert found.turns.audio_rate == 1 and drops(found)[:1] == ([] if kept else [("t00", "max_drift_frames")])


def test_a_track_of_less_than_three_seconds_is_not_searched():
    found = judged(audio_at(RATES[0]), TimeNetwork(half=1.5), 74, min_probability=0.0, unsure_probability=0.0)
    assert "max_drift_frames" not in {row.rule for row in found.decisions} and found.turns.audio_rate == 1


@pytest.mark.parametrize("start_frame", [0, 60])
@pytest.mark.parametrize("rate", [Fraction(1), *RATES])
def test_the_rate_is_counted_from_the_begin_of_the_timeline(start_frame, rate):
    frames = np.arange(-MARGIN, 300)
    audio = AudioEmbedding(start_frame=-MARGIN, vectors=vectors_of(frames / float(rate)), speech=frames >= 0)
    found = find_rate(vectors_of(np.arange(start_frame, start_frame + 150)), audio, start_frame)
    assert found.rate == rate and (found.gain > 0.1 if rate != 1 else found.gain == 0)
    assert found.drift_frames == pytest.approx(abs(float(rate) - 1) * 150)


def source(start, end):
    """A source of a tone, of any length."""
    return np.round(9000 * np.sin(2 * np.pi * 440 * np.arange(start, end) / 16_000)).astype(np.int16)


@given(start=st.integers(-20_000, 400_000), length=st.integers(1, 3000), rate=st.sampled_from([Fraction(1), *RATES]))
def test_corrected_audio_is_the_source_at_another_rate(start, length, rate):
    found = read_at_rate(source, rate, start, start + length)
    expected = 9000 * np.sin(2 * np.pi * 440 * np.arange(start, start + length) * float(rate) / 16_000)
    assert found.shape == (length,) and found.dtype == np.int16 and np.abs(found - expected).max() < 60


def test_parts_of_corrected_audio_are_those_of_the_whole():
    whole = read_at_rate(source, RATES[0], 0, 8000)
    parts = [read_at_rate(source, RATES[0], first, first + 2000) for first in range(0, 8000, 2000)]
    assert np.abs(np.concatenate(parts).astype(int) - whole).max() <= 1


def test_speech_is_moved_with_the_audio():
    [turn] = speech_at_rate([made_turn(FRAME_RATE, 2 * FRAME_RATE)], Fraction(4, 5))
    assert (turn.start_sample, turn.end_sample) == (20_000, 40_000)
