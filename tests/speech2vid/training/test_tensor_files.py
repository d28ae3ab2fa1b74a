import pytest
import torch

from schemas.errors import UsageError
from speech2vid.training.tensor_files import (
    load_tensors,
    optimizer_moments,
    restore_moments,
    save_tensors,
    under_prefix,
    with_prefix,
)


def test_tensors_and_facts_are_loaded_as_saved_and_no_other_file_is_left(tmp_path):
    save_tensors({"a": torch.arange(6).reshape(2, 3).T}, {"steps": 3}, tmp_path / "deep" / "file.safetensors")
    tensors, facts = load_tensors(tmp_path / "deep" / "file.safetensors")
    assert torch.equal(tensors["a"], torch.arange(6).reshape(2, 3).T) and facts == {"steps": 3}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file.safetensors"]


def test_prefixes_are_added_and_removed():
    tensors = with_prefix("net", {"a.b": torch.zeros(1)})
    assert set(tensors) == {"net.a.b"} and set(under_prefix("net", tensors | {"network.c": torch.ones(1)})) == {"a.b"}


def test_a_restored_optimizer_continues_as_an_uninterrupted_one(tmp_path):
    def stepped(steps, moments=None, value=None):
        weight = torch.nn.Parameter(torch.ones(3) if value is None else value.clone())
        optimizer = torch.optim.AdamW([weight], lr=0.1)
        if moments:
            restore_moments(optimizer, moments)
        for _ in range(steps):
            optimizer.zero_grad()
            (weight * torch.arange(3)).sum().backward()
            optimizer.step()
        return weight.detach(), optimizer_moments(optimizer)

    half, moments = stepped(2)
    assert torch.equal(stepped(4)[0], stepped(2, moments, half)[0])


def test_a_file_of_something_else_is_named(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"no tensors")
    with pytest.raises(UsageError, match=r"x\.safetensors"):
        load_tensors(tmp_path / "x.safetensors")
