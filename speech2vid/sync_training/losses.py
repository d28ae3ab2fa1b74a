"""Losses of the sync network. Shapes: B clips, T frames, E numbers of an embedding."""

import torch
from torch import Tensor
from torch.nn import functional as F


def frame_loss(face_BTE: Tensor, audio_BTE: Tensor, speech_BT: Tensor, scale: Tensor) -> Tensor:
    """Which frame: softmax both ways over the frames of the same clip, and over those of the whole batch, half each.

    The right frame's two neighbours are left out. Only frames near speech ask; all answer.
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
    return sum(_right_frame(asked, speech) for asked in (within, within.T, everywhere, everywhere.T)) / 4


def clip_loss(face_BTE: Tensor, audio_BTE: Tensor, speech_BT: Tensor, scale: Tensor) -> Tensor:
    """Which clip of the batch: softmax both ways on the mean similarity of frames at the same moment."""
    weight = speech_BT / speech_BT.sum(1, keepdim=True).clamp(min=1)
    logits = scale * torch.einsum("bte,cte->bc", face_BTE, audio_BTE * weight[..., None])
    right = torch.arange(len(logits))
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


def pair_loss(face_BTE: Tensor, audio_BTE: Tensor, speech_BT: Tensor, scale: Tensor, max_shift: int) -> Tensor:
    """Which clip of the batch, by what the judge asks first: a curve's peak.

    The right pair's peak is where it belongs, at shift zero; a wrong pair's is wherever the curve is highest.
    """
    num_clips, num_frames, _ = face_BTE.shape
    heard_BTE = audio_BTE * speech_BT[..., None]
    curves = []
    for shift in range(-max_shift, max_shift + 1):
        first, last = max(0, -shift), num_frames - max(0, shift)
        heard = heard_BTE[:, first + shift : last + shift]
        count = speech_BT[:, first + shift : last + shift].sum(1).clamp(min=1)
        curves.append(face_BTE[:, first:last].flatten(1) @ heard.flatten(1).T / count)
    curve_SBB = torch.stack(curves)
    peak = curve_SBB.max(0).values
    peak = torch.where(torch.eye(num_clips, dtype=torch.bool), curve_SBB[max_shift], peak)
    logits = scale * peak
    right = torch.arange(num_clips)
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


def _right_frame(logits_NN: Tensor, speech_N: Tensor) -> Tensor:
    chosen = F.log_softmax(logits_NN, 1).diagonal()
    return -(chosen * speech_N).sum() / speech_N.sum().clamp(min=1)
