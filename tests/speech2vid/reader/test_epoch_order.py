import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech2vid.reader.epoch_order import batch_positions, clip_order, count_batches, person_weights

SHARDS = np.repeat(np.arange(40), 25)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(num_clips=st.integers(1, 200), batch_size=st.integers(1, 12), world_size=st.integers(1, 7))
def test_all_ranks_have_the_same_number_of_batches_and_every_clip_its_place(num_clips, batch_size, world_size):
    num_batches = count_batches(num_clips, batch_size, world_size)
    batches = [
        batch_positions(num_clips, batch_size, rank, world_size, batch)
        for rank in range(world_size)
        for batch in range(num_batches)
    ]
    places = np.concatenate(batches)
    assert all(1 <= len(batch) <= batch_size for batch in batches)
    assert set(places.tolist()) == set(range(num_clips))
    assert len(places) == max(num_clips, world_size * num_batches)


def test_only_the_end_of_an_epoch_has_smaller_batches():
    sizes = [[len(batch_positions(100, 8, rank, 3, batch)) for batch in range(5)] for rank in range(3)]
    assert sizes == [[8, 8, 8, 8, 1], [8, 8, 8, 8, 1], [8, 8, 8, 8, 2]]


@pytest.mark.parametrize("shuffle_clips", [0, 10, 5000])
def test_an_order_holds_every_clip_once(shuffle_clips):
    assert sorted(clip_order(SHARDS, shuffle_clips, 0, 0).tolist()) == list(range(len(SHARDS)))


def test_without_a_buffer_shards_stay_whole_and_in_another_order():
    shards = SHARDS[clip_order(SHARDS, 0, 0, 0)].reshape(40, 25)
    assert (shards == shards[:, :1]).all() and shards[:, 0].tolist() != list(range(40))


def test_a_clip_moves_less_than_the_buffer_from_its_place():
    moved = np.argsort(clip_order(SHARDS, 30, 3, 1)) - np.argsort(clip_order(SHARDS, 0, 3, 1))
    assert 15 < np.abs(moved).max() < 30


def test_a_long_buffer_mixes_all_shards():
    assert len(set(SHARDS[clip_order(SHARDS, 5000, 0, 0)][:100].tolist())) > 25


def test_the_order_follows_seed_and_epoch():
    orders = [tuple(clip_order(SHARDS, 30, seed, epoch)) for seed, epoch in ((0, 0), (0, 0), (0, 1), (1, 0), (1, 1))]
    assert orders[0] == orders[1] and len(set(orders)) == 4


PEOPLE = np.repeat(np.arange(3), (90, 9, 1))


def _shares(balance: float, epochs: int = 20) -> dict[str, float]:
    """Share of each person in the clips of some epochs."""
    weights, shards = person_weights(PEOPLE, balance), np.arange(100) // 10
    drawn = np.concatenate([clip_order(shards, 30, 0, epoch, weights) for epoch in range(epochs)])
    return {name: np.mean(PEOPLE[drawn] == person) for person, name in enumerate(("ann", "bob", "cat"))}


def test_people_are_drawn_as_balance_says():
    assert _shares(0.0) == pytest.approx({"ann": 1 / 3, "bob": 1 / 3, "cat": 1 / 3}, abs=0.01)
    root = _shares(0.5)
    assert root["ann"] / root["cat"] == pytest.approx(90**0.5, rel=0.05)


def test_a_balanced_epoch_is_as_long_and_draws_all_clips_of_a_person_in_turn():
    weights = person_weights(PEOPLE, 0.0)
    orders = [clip_order(np.zeros(100, int), 30, 0, epoch, weights) for epoch in range(30)]
    assert {len(order) for order in orders} == {100}
    assert set(range(90)) <= {*np.concatenate(orders).tolist()}
    assert max(np.bincount(orders[0])[90:99]) <= 4  # bob's nine clips fill a third of the epoch


def test_without_balance_nothing_changes():
    assert person_weights(PEOPLE, 1.0) is None
