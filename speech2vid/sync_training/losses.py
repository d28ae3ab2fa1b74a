"""Losses of the sync network, all contrastive. Shapes: B clips, T frames, E dimensions of an embedding."""

import functools

import torch
from torch import Tensor
from torch.nn import functional as F


def frame_loss(face_BTE: Tensor, audio_BTE: Tensor, speech_BT: Tensor, scale: Tensor) -> Tensor:
    """Cross-entropy of finding each frame's partner, from face to audio and from audio to face.

    Half of it is over the frames of the same clip, half over those of the whole batch. The two neighbours of the right
    frame are left out. Frames away from speech are candidates, but add no loss.
    """
    num_clips, num_frames, _ = face_BTE.shape
    logits = scale * face_BTE.flatten(0, 1) @ audio_BTE.flatten(0, 1).T
    frame = torch.arange(num_clips * num_frames)
    clip = frame // num_frames
    same_clip = clip[:, None] == clip
    neighbour = ((frame[:, None] - frame).abs() == 1) & same_clip
    everywhere = logits.masked_fill(neighbour, float("-inf"))
    within = everywhere.masked_fill(~same_clip, float("-inf"))
    speech = speech_BT.flatten()
    losses = (_partner_loss(logits, speech) for logits in (within, within.T, everywhere, everywhere.T))
    return functools.reduce(torch.add, losses) / 4


def clip_loss(face_BTE: Tensor, audio_BTE: Tensor, speech_BT: Tensor, scale: Tensor) -> Tensor:
    """Cross-entropy of finding each clip's partner in the batch, by the mean similarity of simultaneous frames."""
    weight = speech_BT / speech_BT.sum(1, keepdim=True).clamp(min=1)
    logits = scale * torch.einsum("bte,cte->bc", face_BTE, audio_BTE * weight[..., None])
    right = torch.arange(len(logits))
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


def pair_loss(face_BTE: Tensor, audio_BTE: Tensor, speech_BT: Tensor, scale: Tensor, max_shift: int) -> Tensor:
    """Cross-entropy of finding each clip's partner in the batch, by the peak of the sync curve, as in use.

    A right pair's peak is the curve's value at shift zero; a wrong pair's is the highest value at any shift.
    """
    num_clips, num_frames, _ = face_BTE.shape
    speech_only_BTE = audio_BTE * speech_BT[..., None]
    curves = []
    for shift in range(-max_shift, max_shift + 1):
        first, last = max(0, -shift), num_frames - max(0, shift)
        audio = speech_only_BTE[:, first + shift : last + shift]
        count = speech_BT[:, first + shift : last + shift].sum(1).clamp(min=1)
        curves.append(face_BTE[:, first:last].flatten(1) @ audio.flatten(1).T / count)
    curve_SBB = torch.stack(curves)
    peak = curve_SBB.max(0).values
    peak = torch.where(torch.eye(num_clips, dtype=torch.bool), curve_SBB[max_shift], peak)
    logits = scale * peak
    right = torch.arange(num_clips)
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


def _partner_loss(logits_NN: Tensor, speech_N: Tensor) -> Tensor:
    chosen = F.log_softmax(logits_NN, 1).diagonal()
    return -(chosen * speech_N).sum() / speech_N.sum().clamp(min=1)
