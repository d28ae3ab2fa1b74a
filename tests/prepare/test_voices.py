import numpy as np

from transforms.prepare.config import SpeechConfig
from transforms.prepare.voices import stitch_voices, voice_turns

FRAMES, HOP = 50, 10  # 0.1 s a frame: chunks of 5 s each second


def chunks_of(activity, swapped=()):
    """Scores (chunks, frames, 3) of true activity (frames, voices); `swapped` chunks number the speakers otherwise."""
    scores = np.zeros(((len(activity) - FRAMES) // HOP + 1, FRAMES, 3))
    for chunk in range(len(scores)):
        part = activity[chunk * HOP : chunk * HOP + FRAMES]
        scores[chunk, :, : part.shape[1]] = 0.9 * (part[:, ::-1] if chunk in swapped else part)
    return scores


def turns_of(scores):
    voices = stitch_voices(scores, HOP, 0.5)
    return voice_turns(voices, 0.1, lambda frame: frame * 1600, SpeechConfig())


def in_seconds(turns):
    return [(turn.start_sample / 16_000, turn.end_sample / 16_000, turn.voice, turn.overlapped) for turn in turns]


def test_one_voice_keeps_its_number_when_chunks_number_it_differently():
    activity = np.zeros((100, 2))
    activity[10:90, 0] = 1
    assert in_seconds(turns_of(chunks_of(activity, swapped=(1, 3, 4)))) == [(1.0, 9.0, "voice000", False)]


def test_turns_are_cut_where_the_voice_changes():
    activity = np.zeros((100, 2))
    activity[0:40, 0] = activity[40:100, 1] = 1
    found = in_seconds(turns_of(chunks_of(activity, swapped=(2,))))
    assert [turn[:2] for turn in found] == [(0.0, 4.0), (4.0, 10.0)]
    assert found[0][2] != found[1][2] and not found[0][3]


def test_turns_are_cut_where_overlap_begins_and_ends():
    activity = np.zeros((100, 2))
    activity[0:60, 0] = activity[40:100, 1] = 1
    found = in_seconds(turns_of(chunks_of(activity)))
    assert [(start, end, overlapped) for start, end, _, overlapped in found] == [
        (0.0, 4.0, False),
        (4.0, 6.0, True),
        (6.0, 10.0, False),
    ]
    assert found[1][2] == "voice000+voice001"


def test_a_second_speaker_in_one_chunk_only_is_not_overlap():
    activity = np.zeros((100, 2))
    activity[:, 0] = 1
    scores = chunks_of(activity)
    scores[2, :, 1] = 0.6  # one chunk of several finds a second voice
    assert not any(turn.overlapped for turn in turns_of(scores)[1:-1])


def test_silence_gives_no_turns():
    assert turns_of(np.zeros((4, FRAMES, 3))) == ()
