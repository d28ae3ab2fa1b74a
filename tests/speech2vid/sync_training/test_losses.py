import pytest
import torch
from torch.nn.functional import normalize

from speech2vid.sync_training.losses import clip_loss, frame_loss, pair_loss

SCALE = torch.tensor(20.0)
SPEECH = torch.ones(6, 50)


def embeddings(seed: int = 0) -> torch.Tensor:
    return normalize(torch.randn(6, 50, 256, generator=torch.Generator().manual_seed(seed)), dim=2)


@pytest.mark.parametrize(
    "loss", [frame_loss, clip_loss, lambda *args: pair_loss(*args, max_shift=15)], ids=["frame", "clip", "pair"]
)
def test_the_loss_is_low_for_pairs_in_sync_and_high_for_unrelated_ones(loss):
    face = embeddings()
    assert loss(face, face, SPEECH, SCALE) < 0.1
    assert loss(face, embeddings(1), SPEECH, SCALE) > 1


def test_audio_of_the_next_frame_is_neither_right_nor_wrong():
    inner = SPEECH.clone()
    inner[:, :2] = inner[:, -2:] = 0  # where roll brings the other end
    face = embeddings()
    next_frame, second_frame = (
        frame_loss(face, normalize(face + 3 * face.roll(-by, 1), dim=2), inner, SCALE) for by in (1, 2)
    )
    assert next_frame < 0.2 * second_frame


def test_frames_without_speech_add_no_loss():
    face, audio = embeddings(), embeddings()
    audio[:, 25:] = embeddings(1)[:, 25:]
    speech = (torch.arange(50) < 25).float().expand(6, 50)
    assert frame_loss(face, audio, speech, SCALE) < 0.1
    assert frame_loss(face, audio, SPEECH, SCALE) > 1


def test_a_right_pair_out_of_sync_has_a_high_loss():
    face = embeddings()
    assert pair_loss(face, face.roll(5, 1), SPEECH, SCALE, 15) > 1
