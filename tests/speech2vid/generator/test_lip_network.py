import torch

from speech2vid.generator.lip_network import LipNetwork, LipShapes, mouths


def _lips(num_clips=40, num_targets=4) -> tuple[torch.Tensor, torch.Tensor]:
    """Openings (B, K), and ten coordinates that follow them and differ much more between people."""
    torch.manual_seed(0)
    opening = torch.randn(num_clips, num_targets)
    axis, person = torch.nn.functional.normalize(torch.randn(10), dim=0), 50 * torch.randn(num_clips, 1, 10)
    return opening, opening[..., None] * axis + person + 0.01 * torch.randn(num_clips, num_targets, 10)


def test_the_first_shape_is_movement_within_clips_not_a_difference_between_people():
    opening, lips = _lips()
    found = LipShapes.fitted(lips)(lips)[..., 0]
    wanted_change, found_change = opening - opening.mean(1, keepdim=True), found - found.mean(1, keepdim=True)
    assert torch.corrcoef(torch.stack([wanted_change.flatten(), found_change.flatten()]))[0, 1].abs() > 0.99
    assert 0.9 < (found_change**2).mean().sqrt() < 1.1


def test_there_are_no_more_shapes_than_lip_coordinates():
    assert LipShapes.fitted(torch.randn(5, 3, 2))(torch.randn(7, 2)).shape == (7, 2)


def test_shapes_can_be_fitted_to_one_target_per_clip():
    assert torch.isfinite(LipShapes.fitted(torch.randn(20, 1, 4))(torch.randn(3, 4))).all()


def test_the_network_gives_shapes_and_three_maps_for_a_face_of_any_size():
    shapes, maps = LipNetwork(6).eval()(torch.rand(2, 3, 109, 109))
    assert shapes.shape == (2, 6)
    assert [tuple(found.shape[1:]) for found in maps] == [(16, 24, 28), (32, 12, 14), (48, 6, 7)]


def test_brightness_does_not_change_the_shapes():
    network, faces = LipNetwork(4).eval(), torch.rand(2, 3, 112, 112) / 2
    torch.testing.assert_close(network(faces)[0], network(faces + 0.3)[0], rtol=1e-3, atol=1e-4)


def test_the_mouth_crop_is_centred_on_the_canonical_mouth():
    faces = torch.zeros(1, 1, 112, 112)
    faces[..., 79, 58] = 1
    assert mouths(faces).shape == (1, 1, 48, 56) and mouths(faces)[0, 0, 24, 28] == 1
