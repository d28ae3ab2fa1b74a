"""A batch of samples, as tensors."""

from typing import TypedDict

import torch

from speech2vid.reader.drawn_sample import DrawnSamples, lip_shape


class SampleTensors(TypedDict):
    """Tensors of B clips, with K targets and N stills each; S is image_px."""

    audio: torch.Tensor  # float32 (B, K, 1, C, W), for MFCC (B, K, 1, 12, 35)
    target: torch.Tensor  # uint8 (B, K, S, S, 3), RGB
    identity: torch.Tensor  # uint8 (B, N, S, S, 3), RGB
    target_mesh: torch.Tensor  # float32 (B, K, 121), see lip_shape
    frame: torch.Tensor  # int64 (B, K), of the targets
    identity_frame: torch.Tensor  # int64 (B, N)


class Batch(SampleTensors):
    """A batch of SampleStream: the tensors, and which clips they are of."""

    key: list[str]
    skipped: list[str]  # a line for each clip that was replaced
    epoch: int
    batch: int  # in the epoch


def sample_tensors(samples: DrawnSamples) -> SampleTensors:
    """A batch's tensors; the lip shapes of all meshes are computed at once, which is cheaper."""
    lips = lip_shape(samples.mesh.reshape(-1, *samples.mesh.shape[2:]))
    return {
        "audio": torch.from_numpy(samples.audio),
        "target": torch.from_numpy(samples.target),
        "identity": torch.from_numpy(samples.identity),
        "target_mesh": torch.from_numpy(lips.reshape(*samples.mesh.shape[:2], -1)),
        "frame": torch.from_numpy(samples.frame),
        "identity_frame": torch.from_numpy(samples.identity_frame),
    }
