import dataclasses

import numpy as np
import pytest
import torch

from schemas.errors import IntegrityError
from schemas.stored.clip_index import find_clips
from speech2vid.painter_training.batches import CROP_PX, PainterBatch, PainterBatches, augment, load_batches
from speech2vid.painter_training.pairs import clip_weights
from speech2vid.painter_training.settings import PairSettings
from speech2vid.rendering.painter_input import BASE, GATE, INSIDE, LIPS, PART_PX, SEEN
from tests.speech2vid.face_datasets import damage
from tests.speech2vid.painter_training.made_mouths import write_mouths

SETTINGS = PairSettings(batch=4, repaint_every=2)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_mouths(tmp_path_factory.mktemp("mouths") / "out")


def batches_of(dataset, settings=SETTINGS, seed=0, rank=0):
    return PainterBatches(find_clips(dataset, "train"), settings, seed, rank)


def test_a_number_always_gives_the_same_batch_and_another_one_another(dataset):
    first, again = batches_of(dataset)[0], batches_of(dataset)[0]
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    others = batches_of(dataset)[2], batches_of(dataset, seed=1)[0], batches_of(dataset, rank=1)[0]
    assert not any(torch.equal(first[1], other[1]) for other in others)


def test_batches_go_on_from_any_number(dataset):
    loaded = load_batches(batches_of(dataset), 2, num_workers=0)
    assert torch.equal(next(loaded).planes, batches_of(dataset)[2][0])
    assert torch.equal(next(loaded).planes, batches_of(dataset)[3][0])


def test_one_batch_of_two_repaints_whole_parts_and_the_other_shows_mouths(dataset):
    mouths, repainted = batches_of(dataset)[0], batches_of(dataset)[1]
    assert mouths[0].shape == (4, 19, CROP_PX, CROP_PX)
    assert mouths[0][:, LIPS].mean((1, 2)).min() > 0.03
    assert repainted[0].shape == (2, 19, PART_PX, PART_PX)
    assert (repainted[0][:, SEEN] == 0).float().mean() > 0.2


def test_what_of_the_base_is_seen_is_the_target_itself_where_the_face_is_repainted(dataset):
    planes, target = batches_of(dataset, dataclasses.replace(SETTINGS, mesh_error=0.0))[1]
    seen = (planes[:, SEEN] == 1)[:, None].expand_as(target)
    assert (planes[:, BASE] - target)[seen].abs().mean() < 0.01


def test_without_repainting_the_base_is_another_frame_brought_to_the_targets_mouth(dataset):
    planes, target = batches_of(dataset, dataclasses.replace(SETTINGS, mesh_error=0.0))[0]
    lips = ((planes[:, LIPS] == 1) & (planes[:, INSIDE] == 0))[:, None].expand_as(target)
    assert 0.001 < (planes[:, BASE] - target)[lips].abs().mean() < 0.1


def test_augmentation_changes_base_and_target_alike_and_no_share():
    torch.manual_seed(0)
    grey = PainterBatch(planes=torch.full((8, 19, 8, 8), 0.5), target=torch.full((8, 3, 8, 8), 0.5))
    augmented = augment(grey, SETTINGS)
    assert torch.equal(augmented.planes[:, BASE], augmented.target)
    assert augmented.target.std() > 0.02
    assert torch.equal(augmented.planes[:, SEEN : GATE + 1], grey.planes[:, SEEN : GATE + 1])


def test_half_of_the_batches_are_mirrored_as_a_whole():
    ramp = torch.arange(8.0).expand(2, 19, 8, 8) / 8
    batch, settings = PainterBatch(planes=ramp, target=ramp[:, :3]), dataclasses.replace(SETTINGS, colour=0.0)
    torch.manual_seed(0)
    found = [augment(batch, settings) for _ in range(20)]
    mirrored = [not torch.equal(one.planes, batch.planes) for one in found]
    assert 4 <= sum(mirrored) <= 16
    assert all(torch.equal(one.planes[:, :3], one.target) for one in found)


def test_a_damaged_clip_is_passed_over_and_if_all_are_the_error_names_one(tmp_path):
    dataset = write_mouths(tmp_path / "out", num_people=2)
    damage(dataset, "clip0", "faces_index.npy")
    assert len(batches_of(dataset, dataclasses.replace(SETTINGS, batch=8))[0][0]) == 8
    damage(dataset, "clip1", "faces_index.npy")
    with pytest.raises(IntegrityError, match=r"clip[01] in shards/train"):
        batches_of(dataset)[0]


def test_people_with_many_clips_are_drawn_less_often_for_each_of_them():
    weights = clip_weights(["a"] * 9 + ["b"], balance=0.5)
    assert weights[:9].sum() == pytest.approx(0.75)
    assert np.allclose(clip_weights(["a", "a", "b"], balance=0.0), [0.25, 0.25, 0.5])
