import dataclasses

import numpy as np

from speech2vid.sync_training.clips import TalkingClip
from speech2vid.sync_training.segments import RIGHT, WRONG, score_segments

VECTORS = np.random.default_rng(7).normal(size=(2000, 64)).astype(np.float32) / 8


def numbered(speaker: str, seed: int, num_frames: int = 150) -> TalkingClip:
    """A clip whose frame t holds one number in face and audio alike, which no other clip holds."""
    numbers = np.arange(num_frames) + 200 * seed
    return TalkingClip(
        name=f"{speaker}{seed}",
        speaker=speaker,
        licence="",
        positions=np.repeat(numbers[:, None], 192, 1).astype(np.float32),
        columns=np.full((4 * num_frames, 40), 9, np.float32),
        spoken=np.zeros((1, 2 * num_frames, 288), np.float16),
        samples=np.repeat(numbers, 640).astype(np.int16),
    )


class NumberNetwork:
    """Gives equal numbers equal vectors, and remembers what it was given."""

    def __init__(self):
        self.positions, self.audio = [], []

    def embed_face(self, positions):
        self.positions.append(positions[:, 0].astype(int))
        return VECTORS[self.positions[-1]]

    def embed_audio(self, samples):
        self.audio.append(samples[::640].astype(int))
        return VECTORS[self.audio[-1]]


CLIPS = [numbered("a", 0), numbered("a", 1), numbered("b", 2)]
NETWORK = NumberNetwork()
SEGMENTS = score_segments(CLIPS, [], NETWORK, seed=0)


def test_every_kind_and_length_that_fits_is_there():
    assert {segment.kind for segment in SEGMENTS} == {RIGHT, *WRONG}
    assert {segment.length_s for segment in SEGMENTS} == {1, 2, 3, 5}


def test_a_clip_gives_as_many_segments_of_each_length_as_fit_with_and_without_margin():
    right = [segment for segment in SEGMENTS if segment.kind == RIGHT and segment.speaker == "b"]
    assert [sum(segment.length_s == length for segment in right) for length in (1, 2, 3, 5)] == [12, 6, 4, 2]


def test_the_network_is_given_the_segment_alone_and_with_a_second_of_audio_around_it():
    network = NumberNetwork()
    score_segments([numbered("b", 2, num_frames=125)], [], network, seed=0)
    assert {len(numbers) for numbers in network.positions} == {25, 50, 75, 125}
    first, around = network.audio[:2]
    assert (first.tolist(), around.tolist()) == (list(range(400, 425)), list(range(400, 450)))
    assert any(numbers.tolist() == list(range(425, 500)) for numbers in network.audio)


def test_wrong_audio_never_contains_the_right_one():
    """The face equals its audio: where wrong audio contained it, the peak would be as high as that of right audio."""
    min_right = min(segment.features[0] for segment in SEGMENTS if segment.kind == RIGHT)
    assert min_right > 0.5 > 1.3 * max(segment.features[0] for segment in SEGMENTS if segment.kind != RIGHT)


def test_the_same_seed_gives_the_same_segments():
    again = score_segments(CLIPS, [], NumberNetwork(), seed=0)
    assert [(one.cell, one.kind, one.features.tolist()) for one in again] == [
        (one.cell, one.kind, one.features.tolist()) for one in SEGMENTS
    ]


def test_a_speaker_held_out_alone_is_compared_with_negative_speakers():
    kinds = {
        segment.kind for segment in score_segments([numbered("b", 2)], [numbered("z", 9)], NumberNetwork(), seed=0)
    }
    assert "other_person" in kinds and "own_other_clip" not in kinds


def test_segments_without_speech_are_left_out():
    silent = dataclasses.replace(CLIPS[0], columns=np.zeros((600, 40), np.float32))
    assert score_segments([silent], [], NumberNetwork(), seed=0) == []
