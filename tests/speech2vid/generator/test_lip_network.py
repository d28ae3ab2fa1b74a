import torch

from speech2vid.generator.lip_network import LipNetwork, LipShapes, mouths


def _lips(num_clips=40, num_targets=4) -> tuple[torch.Tensor, torch.Tensor]:
    """Openings (B, K), and ten numbers that follow them, beside much larger differences between people."""
    torch.manual_seed(0)
    opening = torch.randn(num_clips, num_targets)
    axis, person = torch.nn.functional.normalize(torch.randn(10), dim=0), 50 * torch.randn(num_clips, 1, 10)
    return opening, opening[..., None] * axis + person + 0.01 * torch.randn(num_clips, num_targets, 10)


def test_the_first_shape_is_what_moves_within_clips_not_who_it_is():
    opening, lips = _lips()
    found = LipShapes.fitted(lips)(lips)[..., 0]
    own_opening, own_found = opening - opening.mean(1, keepdim=True), found - found.mean(1, keepdim=True)
    assert torch.corrcoef(torch.stack([own_opening.flatten(), own_found.flatten()]))[0, 1].abs() > 0.99
    assert 0.9 < (own_found**2).mean().sqrt() < 1.1


def test_shapes_are_no_more_than_the_lips_numbers():
    assert LipShapes.fitted(torch.randn(5, 3, 2))(torch.randn(7, 2)).shape == (7, 2)


def test_one_target_a_clip_still_gives_shapes():
    assert torch.isfinite(LipShapes.fitted(torch.randn(20, 1, 4))(torch.randn(3, 4))).all()


def test_the_network_reads_a_face_of_any_size_to_shapes_and_three_maps():
    shapes, maps = LipNetwork(6).eval()(torch.rand(2, 3, 109, 109))
    assert shapes.shape == (2, 6)
    assert [tuple(found.shape[1:]) for found in maps] == [(16, 24, 28), (32, 12, 14), (48, 6, 7)]


def test_the_network_does_not_mind_brightness():
    network, faces = LipNetwork(4).eval(), torch.rand(2, 3, 112, 112) / 2
    torch.testing.assert_close(network(faces)[0], network(faces + 0.3)[0], rtol=1e-3, atol=1e-4)


def test_the_mouth_is_cut_around_the_canonical_mouths_centre():
    faces = torch.zeros(1, 1, 112, 112)
    faces[..., 79, 58] = 1
    assert mouths(faces).shape == (1, 1, 48, 56) and mouths(faces)[0, 0, 24, 28] == 1
