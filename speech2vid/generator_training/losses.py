"""Generator losses: the paper's pixel and content losses, and two that are sensitive to movement.

Shapes: B targets in rows, K consecutive rows of each clip (B is a multiple of K), C channels, H height, W width.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from schemas.errors import UsageError
from schemas.settings import setting
from speech2vid.generator.lip_network import LipNetwork, mouths
from transforms.media.canonical import mouth_window

_EPSILON = 1e-6
FeatureMaps = Callable[[Tensor], Sequence[Tensor]]
"""Feature maps of a face network, of faces (B, 3, H, W) in 0..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossSettings:
    """Weights of the losses; a loss of weight 0 is not computed."""

    pixel: float = setting(1.0, "", "weight of the L1 loss of pixels")
    mouth: float = setting(1.0, "", "weight of a pixel of the mouth, relative to any other's")
    content: float = setting(1.0, "", "weight of each of five maps of a face network; the paper's are unpublished")
    content_network: str = setting("centerface", "", "whose maps are compared, or FILE.onnx, or VGG-M weights")
    difference: float = setting(0.0, "", "weight of each target's deviation from its clip's mean, in the mouth")
    lip_shape: float = setting(0.0, "", "weight of the lip shapes that a small network reads")
    lip_features: float = setting(0.0, "", "weight of that network's maps")

    @property
    def reads_lips(self) -> bool:
        """Whether a lip network is needed."""
        return self.lip_shape > 0 or self.lip_features > 0


class GeneratorLoss:
    """All loss terms of a recipe."""

    def __init__(
        self, settings: LossSettings, face_features: FeatureMaps | None, lip_network: LipNetwork | None
    ) -> None:
        """Take the networks that the content and lip losses need; UsageError when one is missing."""
        if (settings.content > 0 and face_features is None) or (settings.reads_lips and lip_network is None):
            raise UsageError("a content or lip loss needs its network")
        self._settings, self._face_features, self._lip_network = settings, face_features, lip_network

    def __call__(self, generated_B3HW: Tensor, target_B3HW: Tensor, num_targets: int) -> dict[str, Tensor]:
        """Weighted terms by name, whose sum is the loss; num_targets: K."""
        weights, faces = self._settings, (generated_B3HW, target_B3HW)
        terms = {"pixel": weights.pixel * pixel_loss(*faces, weights.mouth)}
        if weights.content and self._face_features is not None:
            terms["content"] = weights.content * content_loss(*faces, self._face_features)
        if weights.difference:
            terms["difference"] = weights.difference * difference_loss(*faces, num_targets)
        if weights.reads_lips and self._lip_network is not None:
            shape, features = lip_loss(*faces, self._lip_network)
            terms |= {"lip_shape": weights.lip_shape * shape, "lip_features": weights.lip_features * features}
        return terms


def pixel_loss(generated_B3HW: Tensor, target_B3HW: Tensor, mouth_weight: float = 1.0) -> Tensor:
    """L1 loss in which the mouth may have more weight; with weight 1 the plain mean."""
    error_B3HW = (generated_B3HW - target_B3HW).abs()
    if mouth_weight == 1:
        return error_B3HW.mean()
    weights_HW = mouth_weights(generated_B3HW.shape[-1], mouth_weight).to(generated_B3HW.device)
    return (error_B3HW * weights_HW).mean() / weights_HW.mean()


def mouth_weights(image_px: int, mouth_weight: float) -> Tensor:
    """Weight of each pixel (image_px, image_px)."""
    weights_HW = torch.ones(image_px, image_px)
    weights_HW[mouth_window(image_px)] = mouth_weight
    return weights_HW


def content_loss(generated_B3HW: Tensor, target_B3HW: Tensor, face_features: FeatureMaps) -> Tensor:
    """Sum of L1 losses of five feature maps.

    Each is relative to the mean magnitude of the target's map, so that networks can be exchanged.
    """
    with torch.no_grad():
        target_maps = face_features(target_B3HW)
    return _relative_error(face_features(generated_B3HW), target_maps)


def difference_loss(generated_B3HW: Tensor, target_B3HW: Tensor, num_targets: int) -> Tensor:
    """L1 loss in the mouth of each target's deviation from its clip's mean, in which identity cancels out."""
    generated, target = (_deviation(mouths(faces), num_targets) for faces in (generated_B3HW, target_B3HW))
    return (generated - target).abs().mean()


def lip_loss(generated_B3HW: Tensor, target_B3HW: Tensor, lip_network: LipNetwork) -> tuple[Tensor, Tensor]:
    """L1 losses of lip shapes, and of the lip network's maps relative to the target's mean magnitude."""
    with torch.no_grad():
        target_BP, target_maps = lip_network(target_B3HW)
    generated_BP, generated_maps = lip_network(generated_B3HW)
    features = _relative_error(generated_maps, target_maps) / len(target_maps)
    return (generated_BP - target_BP).abs().mean(), features


def _relative_error(generated_maps: Sequence[Tensor], target_maps: Sequence[Tensor]) -> Tensor:
    """Sum over maps of the L1 loss over the target's mean magnitude."""
    errors = (
        (generated - target).abs().mean() / (target.abs().mean() + _EPSILON)
        for generated, target in zip(generated_maps, target_maps, strict=True)
    )
    return functools.reduce(torch.add, errors)


def _deviation(x_BCHW: Tensor, num_targets: int) -> Tensor:
    grouped = x_BCHW.unflatten(0, (-1, num_targets))
    return grouped - grouped.mean(1, keepdim=True)
