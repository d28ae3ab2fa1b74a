import torch

from speech2vid.training.checkpoint import Checkpoint, save_checkpoint


def _training(seed: int) -> tuple[torch.nn.Linear, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    network = torch.nn.Linear(3, 2)
    return network, torch.optim.AdamW(network.parameters(), lr=0.1)


def _step(network: torch.nn.Linear, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    network(torch.rand(4, 3)).square().mean().backward()
    optimizer.step()


def test_a_restored_training_continues_with_the_same_bits(tmp_path):
    network, optimizer = _training(0)
    _step(network, optimizer)
    facts = {"steps": 1}
    networks = {"net": network, "later": None}
    save_checkpoint(tmp_path / "state.safetensors", networks, optimizer, facts, with_random_state=True)
    _step(network, optimizer)
    other, its_optimizer = _training(7)
    checkpoint = Checkpoint(tmp_path / "state.safetensors")
    checkpoint.restore(its_optimizer, net=other)
    checkpoint.restore_random_state()
    _step(other, its_optimizer)
    assert torch.equal(network.weight, other.weight) and checkpoint.facts == {"steps": 1}
    assert checkpoint.weights("later") == {}
