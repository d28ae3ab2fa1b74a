"""What a generated face is told: the paper's pixel and content losses, and two that see movement.

Shapes: B targets in rows, K in a row of one clip (B is a multiple of K), C channels, H height, W width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from schemas.errors import UsageError
from speech2vid.generator.lip_network import LipNetwork, mouths
from transforms.media.canonical import mouth_window

_EPSILON = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class LossSettings:
    """Weights; a loss of weight 0 is not computed."""

    pixel: float = 1.0
    mouth: float = 1.0  # of a pixel of the mouth, where 1 is any other's
    content: float = 1.0  # of each of five terms. The paper's are unpublished; ports take 1
    content_network: str = "centerface"  # or an ONNX file, or VGG-M weights
    difference: float = 0.0
    lip_shape: float = 0.0
    lip_features: float = 0.0

    @property
    def reads_lips(self) -> bool:
        """Whether a lip network is needed."""
        return self.lip_shape > 0 or self.lip_features > 0


class GeneratorLoss:
    """All terms of a recipe."""

    def __init__(self, settings: LossSettings, face_features: nn.Module | None, lip_network: LipNetwork | None) -> None:
        if settings.content > 0 and face_features is None or settings.reads_lips and lip_network is None:
            raise UsageError("a content or lip loss needs its network")
        self._settings, self._face_features, self._lip_network = settings, face_features, lip_network

    def __call__(self, made_B3HW: Tensor, target_B3HW: Tensor, num_targets: int) -> dict[str, Tensor]:
        """Weighted terms by name; their sum is the loss. num_targets: K."""
        weights, terms = self._settings, {}
        terms["pixel"] = weights.pixel * pixel_loss(made_B3HW, target_B3HW, weights.mouth)
        if weights.content:
            terms["content"] = weights.content * content_loss(made_B3HW, target_B3HW, self._face_features)
        if weights.difference:
            terms["difference"] = weights.difference * difference_loss(made_B3HW, target_B3HW, num_targets)
        if weights.reads_lips:
            shape, features = lip_loss(made_B3HW, target_B3HW, self._lip_network)
            terms |= {"lip_shape": weights.lip_shape * shape, "lip_features": weights.lip_features * features}
        return terms


def pixel_loss(made_B3HW: Tensor, target_B3HW: Tensor, mouth_weight: float = 1.0) -> Tensor:
    """L1, in which the mouth may count more; equal weights give the plain mean."""
    apart_B3HW = (made_B3HW - target_B3HW).abs()
    if mouth_weight == 1:
        return apart_B3HW.mean()
    weights_HW = mouth_weights(made_B3HW.shape[-1], mouth_weight).to(made_B3HW.device)
    return (apart_B3HW * weights_HW).mean() / weights_HW.mean()


def mouth_weights(image_px: int, mouth_weight: float) -> Tensor:
    """Weight of each pixel (image_px, image_px)."""
    weights_HW = torch.ones(image_px, image_px)
    weights_HW[mouth_window(image_px)] = mouth_weight
    return weights_HW


def content_loss(made_B3HW: Tensor, target_B3HW: Tensor, face_features: nn.Module) -> Tensor:
    """Sum of L1 over five maps, each in units of the target's mean magnitude, so that networks can be exchanged."""
    with torch.no_grad():
        wanted = face_features(target_B3HW)
    return sum(
        (found - map_BCHW).abs().mean() / (map_BCHW.abs().mean() + _EPSILON)
        for found, map_BCHW in zip(face_features(made_B3HW), wanted, strict=True)
    )


def difference_loss(made_B3HW: Tensor, target_B3HW: Tensor, num_targets: int) -> Tensor:
    """L1 in the mouth between what changes from target to target of a clip: who it is cancels out."""
    return (_own_change(mouths(made_B3HW), num_targets) - _own_change(mouths(target_B3HW), num_targets)).abs().mean()


def lip_loss(made_B3HW: Tensor, target_B3HW: Tensor, lip_network: LipNetwork) -> tuple[Tensor, Tensor]:
    """L1 of lip shapes, and of the lip network's maps in units of the target's magnitude."""
    with torch.no_grad():
        wanted_BP, wanted_maps = lip_network(target_B3HW)
    found_BP, found_maps = lip_network(made_B3HW)
    features = sum(
        (found - map_BCHW).abs().mean() / (map_BCHW.abs().mean() + _EPSILON)
        for found, map_BCHW in zip(found_maps, wanted_maps, strict=True)
    ) / len(wanted_maps)
    return (found_BP - wanted_BP).abs().mean(), features


def _own_change(x_BCHW: Tensor, num_targets: int) -> Tensor:
    grouped = x_BCHW.unflatten(0, (-1, num_targets))
    return grouped - grouped.mean(1, keepdim=True)
