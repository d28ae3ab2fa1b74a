import dataclasses

import numpy as np

from speech2vid.sync_pieces import RIGHT, WRONG, judge_pieces
from speech2vid.sync_scoring import EmbeddedClip


def embedded(speaker: str, seed: int, num_frames: int = 150) -> EmbeddedClip:
    """A face that is its sound."""
    vectors = np.random.default_rng(seed).normal(size=(num_frames, 64)).astype(np.float32) / 8
    return EmbeddedClip(name=f"{speaker}{seed}", speaker=speaker, face=vectors, sound=vectors,
                        speech=np.ones(num_frames, bool))


def backwards(clip: EmbeddedClip) -> EmbeddedClip:
    return dataclasses.replace(clip, sound=clip.sound[::-1])


CLIPS = [embedded("a", 0), embedded("a", 1), embedded("b", 2)]
PIECES = judge_pieces(CLIPS, [backwards(clip) for clip in CLIPS], [], seed=0)


def test_every_kind_and_length_that_fits_is_there():
    assert {piece.kind for piece in PIECES} == {RIGHT, *WRONG}
    assert {piece.length_s for piece in PIECES} == {1, 2, 3, 5}


def test_of_each_length_a_clip_gives_as_many_pieces_as_fit_with_and_without_more_sound():
    right = [piece for piece in PIECES if piece.kind == RIGHT and piece.speaker == "b"]
    assert [sum(piece.length_s == length for piece in right) for length in (1, 2, 3, 5)] == [12, 6, 4, 2]


def test_a_wrong_sound_never_holds_the_right_one():
    """The face is its sound: where a wrong one held it, the curve would have a peak as high as the right ones have."""
    least_right = min(piece.features[0] for piece in PIECES if piece.kind == RIGHT)
    assert least_right > 0.5 > 1.3 * max(piece.features[0] for piece in PIECES if piece.kind != RIGHT)


def test_someone_alone_is_told_from_strangers():
    alone = [embedded("b", 2)]
    kinds = {piece.kind for piece in judge_pieces(alone, alone, [embedded("z", 9)], seed=0)}
    assert "other_person" in kinds and "own_other_clip" not in kinds


def test_pieces_without_speech_are_left_out():
    silent = dataclasses.replace(CLIPS[0], speech=np.zeros(150, bool))
    assert judge_pieces([silent], [backwards(silent)], [], seed=0) == []
