import numpy as np
import pytest

from tests.shared_data import needs_shared, shared
from transforms.media.audio import decode_audio
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.probe import probe_media
from transforms.prepare.config import SpeechConfig
from transforms.prepare.speech_models import load_speech_model
from transforms.prepare.speech_spans import speech_spans

CONFIG = SpeechConfig()


def audio_of(name):
    path = str(shared(name))
    probe, timeline = probe_media(path, LimitsConfig(), AudioConfig())
    return np.concatenate(
        list(decode_audio(path, probe.audio_streams[0].index, timeline.zero_s, int(probe.duration_s * 16_000)))
    )


def test_speech_lasts_from_onset_to_offset():
    probabilities = np.array([0.4] * 5 + [0.6] + [0.4] * 20 + [0.3] * 20)
    assert speech_spans(probabilities, 0.032, CONFIG) == [(5, 26)]


def test_short_silence_is_filled_and_long_is_not():
    probabilities = np.array([0.9] * 10 + [0.0] * 9 + [0.9] * 10 + [0.0] * 10 + [0.9] * 10)
    assert speech_spans(probabilities, 0.032, CONFIG) == [(0, 29), (39, 49)]


def test_short_speech_is_dropped():
    assert speech_spans(np.array([0.0] * 5 + [0.9] * 6 + [0.0] * 20), 0.032, CONFIG) == []


def test_digital_silence_is_no_speech():
    assert load_speech_model(CONFIG).find_speech([np.zeros(48_000, np.int16)]) == ()


def test_no_audio_at_all_is_no_speech():
    assert load_speech_model(CONFIG).find_speech([]) == ()


@needs_shared
def test_silero_finds_a_real_sentence_where_its_alignment_has_it():
    turns = load_speech_model(CONFIG).find_speech([audio_of("hard/known_speaker/two_take_turns.mp4")])
    assert len(turns) == 2  # left, then right
    assert all(turn.voice == "" and not turn.overlapped for turn in turns)
    assert turns[0].start_sample / 16_000 == pytest.approx(0.5, abs=0.15)


@needs_shared
def test_the_answer_depends_neither_on_the_blocks_nor_on_the_audio_before():
    model, audio = load_speech_model(CONFIG), audio_of("dev/grid_other/lbax4n.mpg")
    whole = model.find_speech([audio])
    assert whole
    assert model.find_speech(np.array_split(audio, 13)) == whole


@needs_shared
def test_silence_inside_speech_is_no_speech():
    audio = audio_of("dev/clips/FAzSK8PLmGI.mp4")
    audio[32_000:48_000] = 0
    for turn in load_speech_model(CONFIG).find_speech([audio]):
        assert turn.end_sample <= 32_512 or turn.start_sample >= 47_488


def test_the_name_holds_the_hash_of_the_weights():
    assert load_speech_model(CONFIG).name == "silero-v6.2.0 7ed98ddbad84ccac"
