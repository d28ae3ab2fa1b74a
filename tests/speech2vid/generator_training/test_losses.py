import pytest
import torch

from schemas.errors import UsageError
from speech2vid.generator.lip_network import LipNetwork
from speech2vid.generator_training.losses import (
    GeneratorLoss,
    LossSettings,
    content_loss,
    difference_loss,
    lip_loss,
    mouth_weights,
    pixel_loss,
)

MOUTH = (..., slice(60, 100), slice(40, 80))


@pytest.fixture
def faces():
    torch.manual_seed(0)
    return torch.rand(4, 3, 112, 112), torch.rand(4, 3, 112, 112)


def test_pixel_loss_is_l1(faces):
    generated, target = faces
    assert float(pixel_loss(generated, target)) == pytest.approx(float((generated - target).abs().mean()))


def test_a_weighted_mouth_counts_more_but_a_uniform_error_the_same(faces):
    _, target = faces
    assert float(pixel_loss(target + 0.1, target, 6)) == pytest.approx(0.1, rel=1e-4)
    wrong = target.clone()
    wrong[MOUTH] += 0.1
    assert pixel_loss(wrong, target, 6) > 2 * pixel_loss(wrong, target, 1)


def test_the_mouth_covers_the_same_share_at_every_size():
    small, large = mouth_weights(109, 6), mouth_weights(112, 6)
    assert float((small > 1).float().mean()) == pytest.approx(float((large > 1).float().mean()), rel=0.05)


def test_difference_loss_does_not_depend_on_identity(faces):
    _, target = faces
    person = torch.rand(2, 3, 112, 112).repeat_interleave(2, 0)
    assert float(difference_loss(target + person, target, 2)) < 1e-6


def test_difference_loss_is_high_for_a_still_mouth(faces):
    _, target = faces
    still = target.unflatten(0, (2, 2)).mean(1).repeat_interleave(2, 0)
    assert difference_loss(still, target, 2) > 0.1


def test_content_loss_has_a_gradient_in_the_generated_face_only(faces):
    generated, target = faces
    generated.requires_grad_(True), target.requires_grad_(True)
    loss = content_loss(generated, target, lambda x: [x * size for size in (1, 2, 3, 4, 5)])
    loss.backward()
    assert loss > 0 and generated.grad.abs().sum() > 0 and target.grad is None
    assert float(content_loss(target.detach(), target.detach(), lambda x: [x])) == 0


def test_content_loss_does_not_depend_on_a_networks_scale(faces):
    one, thousand = (content_loss(*faces, lambda x, scale=scale: [x * scale]) for scale in (1, 1000))
    assert float(one) == pytest.approx(float(thousand), rel=1e-3)


def test_lip_loss_is_zero_for_the_target_itself_and_depends_on_the_mouth_only(faces):
    generated, target = faces
    network = LipNetwork(3).requires_grad_(False).eval()
    assert [float(value) for value in lip_loss(target, target, network)] == [0, 0]
    elsewhere = target.clone()
    elsewhere[:, :, :50] = generated[:, :, :50]
    assert [float(value) for value in lip_loss(elsewhere, target, network)] == [0, 0]
    assert all(float(value) > 0 for value in lip_loss(generated, target, network))


def test_terms_of_weight_zero_are_not_computed(faces):
    loss = GeneratorLoss(LossSettings(content=0), None, None)
    assert set(loss(*faces, 2)) == {"pixel"}


def test_a_loss_without_its_network_is_refused():
    for settings in (LossSettings(), LossSettings(content=0, lip_shape=1)):
        with pytest.raises(UsageError):
            GeneratorLoss(settings, None, None)
