import torch

from speech2vid.generator.deblurring import Deblurring, blurred


def test_the_published_network_has_its_parameters():
    network = Deblurring()
    assert round(sum(value.numel() for value in network.parameters()) / 1e6, 2) == 0.30
    assert sum(isinstance(layer, torch.nn.Conv2d) for layer in network.layers) == 10


def test_an_untrained_network_changes_a_face_very_little():
    torch.manual_seed(0)
    faces = torch.rand(2, 3, 20, 20)
    assert (Deblurring(8).eval()(faces) - faces).abs().mean() < 0.05


def test_blur_keeps_brightness_and_removes_detail():
    faces = torch.zeros(1, 3, 21, 21)
    faces[..., 10, 10] = 1
    soft = blurred(faces)
    torch.testing.assert_close(soft.sum(), faces.sum())
    assert soft.max() < 0.1 and soft[0, 0, 10, 13] == 0 and soft[0, 0, 10, 12] > 0
