import dataclasses

import numpy as np

from speech2vid.sync_training.clips import TalkingClip
from speech2vid.sync_training.segments import RIGHT, WRONG, judge_segments

VECTORS = np.random.default_rng(7).normal(size=(2000, 64)).astype(np.float32) / 8


def numbered(speaker: str, seed: int, num_frames: int = 150) -> TalkingClip:
    """Frame t of the face and of the audio both carry one number, of which no other clip has any."""
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
    """Equal numbers have equal vectors; remembers what it was given."""

    def __init__(self):
        self.seen, self.heard = [], []

    def embed_face(self, positions):
        self.seen.append(positions[:, 0].astype(int))
        return VECTORS[self.seen[-1]]

    def embed_audio(self, samples):
        self.heard.append(samples[::640].astype(int))
        return VECTORS[self.heard[-1]]


CLIPS = [numbered("a", 0), numbered("a", 1), numbered("b", 2)]
NETWORK = NumberNetwork()
PIECES = judge_segments(CLIPS, [], NETWORK, seed=0)


def test_every_kind_and_length_that_fits_is_there():
    assert {piece.kind for piece in PIECES} == {RIGHT, *WRONG}
    assert {piece.length_s for piece in PIECES} == {1, 2, 3, 5}


def test_of_each_length_a_clip_gives_as_many_pieces_as_fit_with_and_without_more_audio():
    right = [piece for piece in PIECES if piece.kind == RIGHT and piece.speaker == "b"]
    assert [sum(piece.length_s == length for piece in right) for length in (1, 2, 3, 5)] == [12, 6, 4, 2]


def test_the_network_is_given_no_more_than_the_piece_and_a_second_of_audio_around_it():
    network = NumberNetwork()
    judge_segments([numbered("b", 2, num_frames=125)], [], network, seed=0)
    assert {len(numbers) for numbers in network.seen} == {25, 50, 75, 125}
    first, around = network.heard[:2]
    assert (first.tolist(), around.tolist()) == (list(range(400, 425)), list(range(400, 450)))
    assert any(heard.tolist() == list(range(425, 500)) for heard in network.heard)


def test_a_wrong_audio_never_holds_the_right_one():
    """The face is its audio: where a wrong one held it, the curve would have a peak as high as the right ones have."""
    min_right = min(piece.features[0] for piece in PIECES if piece.kind == RIGHT)
    assert min_right > 0.5 > 1.3 * max(piece.features[0] for piece in PIECES if piece.kind != RIGHT)


def test_the_same_seed_gives_the_same_pieces():
    again = judge_segments(CLIPS, [], NumberNetwork(), seed=0)
    assert [(one.cell, one.kind, one.features.tolist()) for one in again] == [
        (one.cell, one.kind, one.features.tolist()) for one in PIECES
    ]


def test_someone_alone_is_told_from_strangers():
    kinds = {piece.kind for piece in judge_segments([numbered("b", 2)], [numbered("z", 9)], NumberNetwork(), seed=0)}
    assert "other_person" in kinds and "own_other_clip" not in kinds


def test_pieces_without_speech_are_left_out():
    silent = dataclasses.replace(CLIPS[0], columns=np.zeros((600, 40), np.float32))
    assert judge_segments([silent], [], NumberNetwork(), seed=0) == []
