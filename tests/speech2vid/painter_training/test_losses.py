import pytest
import torch

from speech2vid.painter_training.batches import PainterBatch
from speech2vid.painter_training.losses import PainterInTraining, detail_difference
from speech2vid.painter_training.network import Painter, PainterSettings, painted_over
from speech2vid.painter_training.pairs import part_of
from speech2vid.painter_training.settings import PainterLossSettings
from speech2vid.rendering.painter_input import (
    BASE,
    GATE,
    INSIDE,
    LENT,
    LENT_SEEN,
    LOWER_SEEN,
    NUM_PLANES,
    SEEN,
    UPPER_SEEN,
    painter_input,
    view_px,
)
from tests.speech2vid.painter_training.made_mouths import made_mouth

SIDE = 96


@pytest.fixture
def batch():
    torch.manual_seed(0)
    return PainterBatch(planes=torch.rand(2, NUM_PLANES, SIDE, SIDE), target=torch.rand(2, 3, SIDE, SIDE))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return PainterInTraining(Painter(PainterSettings(width=8)), PainterLossSettings())


def test_at_the_gate_alone_the_base_changes(batch):
    planes = batch.planes
    planes[:, GATE, :, : SIDE // 2] = 0
    made = painted_over(planes, *Painter(PainterSettings(width=8))(planes))
    assert torch.equal(made[..., : SIDE // 2], planes[:, BASE][..., : SIDE // 2])
    assert not torch.equal(made, planes[:, BASE])


def test_a_source_that_shows_nothing_is_not_taken(batch):
    planes = batch.planes
    planes[:, [UPPER_SEEN, LOWER_SEEN]], planes[:, LENT_SEEN] = 0, 1
    painter = Painter(PainterSettings(width=8))
    colours, _, own = painter.paint(planes)
    low, high = torch.minimum(planes[:, LENT], own), torch.maximum(planes[:, LENT], own)
    assert ((colours >= low - 1e-4) & (colours <= high + 1e-4)).all()


def test_where_nothing_is_shown_the_painters_own_colours_stand_alone(batch):
    planes = batch.planes
    planes[:, [SEEN, LENT_SEEN, UPPER_SEEN, LOWER_SEEN]], planes[:, GATE] = 0, 1
    colours, alpha, own = Painter(PainterSettings(width=8)).paint(planes)
    assert torch.allclose(colours, own) and (alpha == 1).all()


def test_the_painter_learns_from_each_term(network, batch):
    terms = network(batch)
    assert set(terms) == {"pixels", "own", "detail"}
    for term in terms.values():
        term.backward(retain_graph=True)
        assert network.painter.head.weight.grad.abs().sum() > 0
        network.zero_grad()


def test_detail_does_not_count_what_is_smooth_over_the_whole(batch):
    weight = torch.ones(2, 1, SIDE, SIDE)
    assert detail_difference(batch.target, batch.target + 0.2, weight) < 1e-6
    assert detail_difference(batch.target, torch.rand_like(batch.target), weight) > 0.1


def test_a_closed_mouth_that_opens_is_learnt_to_be_dark_with_teeth_instead_of_stretched_lips():
    torch.manual_seed(0)
    planes, target = _opening_mouth()
    batch = PainterBatch(planes=planes, target=target)
    network = PainterInTraining(Painter(PainterSettings(width=8)), PainterLossSettings())
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        sum(network(batch).values()).backward()
        optimizer.step()
    inside = (planes[:, INSIDE] == 1)[:, None].expand_as(target)
    warped, painted = planes[:, BASE], painted_over(planes, *network.painter(planes))
    errors = [(image - target).abs()[inside].mean() for image in (warped, painted)]
    assert errors[1] < 0.6 * errors[0]


def _opening_mouth():
    closed, wide = made_mouth(0.0), made_mouth(1.0)
    seen = painter_input(closed, [closed], view_px(wide.mesh_px, wide))
    return torch.from_numpy(seen.planes[None]), torch.from_numpy(part_of(wide, seen.part)[None])
